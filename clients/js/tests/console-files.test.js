/** The console's files: how large they are, what they may not do, their types, and the contrast of both themes. */

import assert from 'node:assert/strict'
import { readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'

import { CONSOLE, complaints, scripts } from '../console/check-types.js'
import { Broker } from './broker.js'

const KIBIBYTE = 1_024
const FILES = readdirSync(CONSOLE, { recursive: true }).map((name) => join(CONSOLE, name)).filter((path) => statSync(path).isFile())

let broker

before(async () => { broker = await Broker.start([], { http: true }) })
after(() => broker?.stop())

test('all files together are small', () => {
  const size = FILES.reduce((sum, path) => sum + statSync(path).size, 0)
  assert.ok(size <= 190 * KIBIBYTE, `they have ${size} bytes`)
})

test('nothing is made of markup in texts, and nothing comes from elsewhere', () => {
  for (const path of FILES) {
    const text = readFileSync(path, 'utf8')
    assert.doesNotMatch(text, /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function|\.style\b|setAttribute\("style/, path)
    assert.doesNotMatch(text.replaceAll('http://www.w3.org/2000/svg', ''), /https?:\/\/|url\(|@import\s+["']http/, path)
  }
  const page = readFileSync(join(CONSOLE, 'index.html'), 'utf8')
  assert.doesNotMatch(page, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/)
})

test('nothing is kept in the browser but the theme', () => {
  const kept = scripts().flatMap((path) => [...readFileSync(path, 'utf8').matchAll(/(?:localStorage|sessionStorage|document\.cookie|indexedDB)[^\n]*/g)].map(([line]) => line))
  assert.deepEqual(kept.filter((line) => !/^localStorage\.[gs]etItem\("theme"/.test(line)), [])
})

test('the pages agree with what the API says of itself, by the compiler (strict)', async () => {
  const document = await (await fetch(`${broker.http}/openapi.json`)).json()
  assert.deepEqual(complaints(document), [])
})

/** The colours of a theme by their names. */
function colours(theme) {
  const css = readFileSync(join(CONSOLE, 'css/tokens.css'), 'utf8')
  return Object.fromEntries([...css.matchAll(/--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)/g)].map(([, name, light, dark]) => [name, theme === 'light' ? light : dark]))
}

/** The contrast of two colours by WCAG 2.2. */
function contrast(one, other) {
  const luminance = (colour) => {
    const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(colour.slice(at, at + 2), 16) / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
  }
  const [dark, light] = [luminance(one), luminance(other)].sort((a, b) => a - b)
  return (light + 0.05) / (dark + 0.05)
}

for (const theme of ['light', 'dark']) {
  test(`text, signs and borders can be told from what is behind them: ${theme}`, () => {
    const of = colours(theme)
    const checks = [
      ...['text', 'text-2', 'text-3', 'accent', 'ok', 'warn', 'bad', 'series-1', 'series-2', 'series-3'].flatMap((name) => ['canvas', 'surface', 'inset'].map((behind) => [name, behind, 4.5])),
      ...['text', 'accent', 'text-2'].map((name) => [name, 'accent-soft', 4.5]), ['on-accent', 'accent', 4.5], ['warn', 'warn-soft', 4.5], ['bad', 'bad-soft', 4.5],
      ['control', 'surface', 3], ['control', 'canvas', 3],
    ]
    const poor = checks.map(([name, behind, least]) => [name, behind, least, contrast(of[name], of[behind])]).filter(([, , least, is]) => !(is >= least))
    assert.deepEqual(poor, [])
  })
}
