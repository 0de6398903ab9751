/** The packed package in a page, bundled by esbuild and by Vite as an application would. */

import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import * as esbuild from 'esbuild'
import * as vite from 'vite'
import { Broker } from './broker.js'
import { launch, serveFiles } from './page.js'

const ROOT = new URL('..', import.meta.url).pathname
const PAGE = '<!doctype html><meta charset="utf-8"><title>bundled</title><script type="module" src="./app.js"></script>'
const APP = `import { connect } from 'rialto-client'
import { indexedDbOutbox } from 'rialto-client/outbox'

const client = connect(new URLSearchParams(location.search).get('broker'), {
  credentials: { auth: { client_name: 'bundled' } }, outbox: { store: indexedDbOutbox() },
})
client.publish('bundled', { n: 1 }, { qos: 1 }).then(() => { document.title = 'published' })
`

let application
let broker
let browser

before(async () => {
  application = mkdtempSync(join(tmpdir(), 'rialto-bundle-'))
  mkdirSync(join(application, 'node_modules'))
  execFileSync('npm', ['pack', '--pack-destination', application], { cwd: ROOT, stdio: 'pipe' })
  execFileSync('sh', ['-c', 'tar -xzf rialto-client-*.tgz'], { cwd: application })
  renameSync(join(application, 'package'), join(application, 'node_modules/rialto-client'))
  writeFileSync(join(application, 'index.html'), PAGE)
  writeFileSync(join(application, 'app.js'), APP)
  broker = await Broker.start()
  browser = await launch()
})

after(async () => {
  await browser?.close()
  await broker?.stop()
  rmSync(application, { recursive: true, force: true })
})

/** Opens the application of a folder, and waits until its message is acknowledged. */
async function publishes(folder) {
  const files = await serveFiles(folder)
  const page = await browser.newPage()
  const errors = []
  page.on('pageerror', (error) => errors.push(String(error)))
  await page.goto(`${files.address}index.html?broker=${broker.address('ws')}`)
  await page.waitForFunction(() => document.title === 'published')
  assert.deepEqual(errors, [])
  await page.close()
  files.close()
}

test('a bundle of esbuild works in a page', async () => {
  const folder = join(application, 'by-esbuild')
  await esbuild.build({
    entryPoints: [join(application, 'app.js')], bundle: true, minify: true, format: 'esm', outdir: folder, logLevel: 'silent',
  })
  writeFileSync(join(folder, 'index.html'), PAGE)
  await publishes(folder)
})

test('a bundle of Vite works in a page', async () => {
  const folder = join(application, 'by-vite')
  await vite.build({ root: application, base: './', logLevel: 'silent', configFile: false, build: { outDir: folder } })
  await publishes(folder)
})
