/** Checks the console's pages with TypeScript, strictly, against the description of a broker's API. */

import { readdirSync } from 'node:fs'
import { join } from 'node:path'

import ts from 'typescript'

import { declarations } from './api-types.js'

export const CONSOLE = new URL('../../../web/console/', import.meta.url).pathname
const PAGES = new URL('pages.d.ts', import.meta.url).pathname
/** What is made of the broker's description: it has a name, and is nowhere but in memory. */
const API = join(CONSOLE, 'api.d.ts')

const OPTIONS = {
  strict: true, noImplicitAny: false, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, noUnusedLocals: true, noEmit: true, allowJs: true, checkJs: true,
  skipLibCheck: true, types: [], target: ts.ScriptTarget.ESNext, module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler,
  lib: ['lib.esnext.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.dom.asynciterable.d.ts'],
}

/** All scripts of the console. */
export const scripts = () => readdirSync(CONSOLE, { recursive: true }).filter((name) => name.endsWith('.js')).map((name) => join(CONSOLE, name))

/** What the compiler complains of, a line each. */
export function complaints(document) {
  const host = ts.createCompilerHost(OPTIONS)
  const text = declarations(document)
  const { getSourceFile, fileExists } = host
  host.fileExists = (name) => name === API || fileExists(name)
  host.getSourceFile = (name, ...rest) => (name === API ? ts.createSourceFile(name, text, ts.ScriptTarget.ESNext) : getSourceFile(name, ...rest))
  const program = ts.createProgram([API, PAGES, ...scripts()], OPTIONS, host)
  return ts.getPreEmitDiagnostics(program).map(({ file, start, messageText }) => {
    const line = file && start !== undefined ? file.getLineAndCharacterOfPosition(start).line + 1 : 0
    return `${file?.fileName.replace(CONSOLE, '')}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`
  })
}
