/** What is packed: that its files are there, that types and code agree, and how large it is (CLIENTS: sizes). */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { gzipSync } from 'node:zlib'

import * as esbuild from 'esbuild'
import ts from 'typescript'
import * as node from '../src/node.js'
import * as browser from '../src/browser.js'
import { Subscription } from '../src/subscription.js'

const ROOT = new URL('..', import.meta.url).pathname
const KILOBYTE = 1_024

const COMPILER = {
  strict: true, noEmit: true, skipDefaultLibCheck: true, target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext,
  lib: ['lib.es2022.d.ts', 'lib.dom.d.ts', 'lib.dom.iterable.d.ts', 'lib.esnext.disposable.d.ts'],
}

function complaintsOf(program) {
  return ts.getPreEmitDiagnostics(program).map(({ file, messageText }) =>
    `${file?.fileName}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`)
}

async function packedSize(entry, external = []) {
  const built = await esbuild.build({
    entryPoints: [join(ROOT, entry)], bundle: true, minify: true, format: 'esm', write: false, external,
  })
  return gzipSync(built.outputFiles[0].contents, { level: 9 }).length
}

test('the sizes are kept', async () => {
  // Measured: 10,771 bytes; why it is not less is decision 19.
  const core = await packedSize('src/browser.js')
  assert.ok(core <= 1.02 * 10_750, `the core has ${core} bytes`)
  const outbox = await packedSize('src/outbox-store.js')
  assert.ok(outbox <= 1.5 * KILOBYTE, `the outbox has ${outbox} bytes`)
  const worker = await packedSize('src/worker-socket.js')
  assert.ok(worker <= 1.5 * KILOBYTE, `the socket in a worker has ${worker} bytes`)
  const script = await packedSize('jmqt-client.js')
  assert.ok(script <= 5 * KILOBYTE, `the classic script has ${script} bytes`)
})

test('the browser entry has no names of Node', async () => {
  const built = await esbuild.build({
    entryPoints: [join(ROOT, 'src/browser.js')], bundle: true, format: 'esm', platform: 'browser', write: false,
  })
  assert.doesNotMatch(built.outputFiles[0].text, /\b(Buffer|process|require)\b\s*[.(]|node:/)
})

test('an application compiles against the types, with all strictness', () => {
  const program = ts.createProgram([join(ROOT, 'tests/usage.ts')], { ...COMPILER, exactOptionalPropertyTypes: true, types: [] })
  assert.deepEqual(complaintsOf(program), [])
})

test('the sources are what the types declare, by the compiler (strict checkJs)', () => {
  const program = ts.createProgram([join(ROOT, 'tests/agreement.ts')], {
    ...COMPILER, allowJs: true, checkJs: true, noImplicitAny: false, skipLibCheck: true, types: ['node'],
  })
  assert.deepEqual(complaintsOf(program), [])
  const sources = program.getSourceFiles().filter((it) => it.fileName.includes('/clients/js/src/'))
  assert.equal(sources.length, readdirSync(join(ROOT, 'src')).length)
})

test('what the types declare is there, and what is there is declared', () => {
  const source = ts.createSourceFile('index.d.ts', readFileSync(join(ROOT, 'index.d.ts'), 'utf8'), ts.ScriptTarget.ES2022)
  const values = source.statements.filter((it) => ts.isClassDeclaration(it) || ts.isFunctionDeclaration(it))
  const names = values.map((it) => it.name.text).sort()
  assert.deepEqual(Object.keys(node).sort(), names)
  assert.deepEqual(Object.keys(browser).sort(), names)
  const members = (name) => {
    const declared = source.statements.find((it) => it.name?.text === name)
    return declared.members.filter((it) => it.name && ts.isIdentifier(it.name)).map((it) => it.name.text)
  }
  const own = Object.getOwnPropertyNames(node.Client.prototype).filter((it) => it !== 'constructor')
  assert.deepEqual([...new Set(members('Client'))].sort(), own.sort())
  for (const name of members('Subscription').filter((it) => it !== 'channel')) {
    assert.ok(name in Subscription.prototype, name)
  }
})

test('the package has its files, and works where it is installed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rialto-js-pack-'))
  try {
    const said = execFileSync('npm', ['pack', '--json', '--pack-destination', directory], { cwd: ROOT, stdio: 'pipe' })
    const listed = JSON.parse(said)
    const [packed] = Array.isArray(listed) ? listed : Object.values(listed)
    const archive = join(directory, packed.filename)
    execFileSync('tar', ['-xzf', archive, '-C', directory])
    const script = "import('rialto-client').then((it) => console.log(typeof it.connect))"
    execFileSync('mkdir', ['-p', join(directory, 'node_modules')])
    execFileSync('mv', [join(directory, 'package'), join(directory, 'node_modules/rialto-client')])
    const output = execFileSync('node', ['-e', script], { cwd: directory, encoding: 'utf8' })
    assert.equal(output.trim(), 'function')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
})
