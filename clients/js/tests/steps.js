/**
 * Carries out on a page what is told on standard input, a step on each line, and answers each with a line: `done`, or what
 * went wrong. The tutorial of `docs` is played so.
 *
 * | step | |
 * |---|---|
 * | `open ADDRESS` | |
 * | `type TEXT into LABEL` | in place of what is there |
 * | `press BUTTON` | |
 * | `see TEXT` | waits until it is shown |
 * | `picture FILE` | keeps what the window shows |
 */

import { createInterface } from 'node:readline'

import { launch } from './page.js'

const browser = await launch()
const page = await browser.newPage({ viewport: { width: 1100, height: 720 }, reducedMotion: 'reduce' })

const STEPS = {
  open: (address) => page.goto(address),
  type: (words) => {
    const [text, label] = words.split(' into ')
    return page.getByLabel(label, { exact: true }).fill(text)
  },
  press: (name) => page.getByRole('button', { name, exact: true }).click(),
  see: (text) => page.getByText(text).first().waitFor(),
  picture: async (path) => {
    await page.mouse.move(0, 0)
    await page.evaluate(() => { document.activeElement.blur(); scrollTo(0, 0) })
    await page.screenshot({ path })
  },
}

async function carryOut(line) {
  const [verb, ...words] = line.split(' ')
  if (!STEPS[verb]) return `no step begins with ${verb}`
  try {
    await STEPS[verb](words.join(' '))
    return 'done'
  } catch (error) {
    return `${error.message} ${await page.innerText('body').catch(() => '')}`.replaceAll('\n', ' ')
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(await carryOut(line))
await browser.close()
