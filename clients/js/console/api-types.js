/** Types of what the API answers, made from its own description: `declare namespace Api`, for the console's pages. */

const NAMES = { integer: 'number', number: 'number', string: 'string', boolean: 'boolean', null: 'null' }

const any = (parts, sign) => (parts.length === 1 ? parts[0] : `(${parts.join(sign)})`)

function ofObject({ properties = {}, required = [], additionalProperties }) {
  const fields = Object.entries(properties).map(([name, schema]) => `${JSON.stringify(name)}${required.includes(name) ? '' : '?'}: ${typeOf(schema)};`)
  if (additionalProperties) fields.push('[field: string]: any;')
  return fields.length > 0 ? `{ ${fields.join(' ')} }` : 'Record<string, any>'
}

/** The type of a JSON schema. */
export function typeOf(schema) {
  if (schema.$ref) return schema.$ref.split('/').at(-1)
  if (schema.enum) return schema.enum.map((value) => JSON.stringify(value)).join(' | ')
  if (schema.allOf) return any(schema.allOf.map(typeOf), ' & ')
  const either = schema.oneOf ?? schema.anyOf
  if (either) return any(either.map(typeOf), ' | ')
  const kinds = [schema.type].flat().filter((it) => it !== undefined)
  if (kinds.length === 0) return schema.properties ? ofObject(schema) : 'any'
  return any(kinds.map((kind) => {
    if (kind === 'array') return `${any([typeOf(schema.items ?? {})], '')}[]`
    return kind === 'object' ? ofObject(schema) : NAMES[kind]
  }), ' | ')
}

/** The declarations of all schemas of an OpenAPI document. */
export function declarations(document) {
  const types = Object.entries(document.components.schemas).map(([name, schema]) => `  type ${name} = ${typeOf(schema)};`)
  return `declare namespace Api {\n${types.join('\n')}\n}\n`
}
