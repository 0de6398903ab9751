/** The console in Chromium: what channels keep, how it is changed, and what the rules say. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'

import { Stage, agree, download } from './console-stage.js'

const BIG = '9007199254740993'

let stage

before(async () => {
  stage = await Stage.open(['--set', 'history.messages=50'])
  await stage.ask('POST', '/v1/clients/night-report/subscriptions', '{"channel":"orders/new","persistent":true}')
  for (let n = 0; n < 12; n += 1) await stage.publish('orders/new', `{"order":${BIG},"n":${n}}`, '?qos=1')
})

after(() => stage?.close())

test('publishing: what is no JSON is not sent, what is retained is asked about', async () => {
  const { page, done } = await stage.page('/channels/kitchen%2Flight')
  const payload = page.getByLabel('Payload', { exact: true })
  const publish = page.getByRole('button', { name: 'Publish', exact: true })
  await payload.fill('{"on": tr')
  await page.locator('.publish', { hasText: 'Not JSON yet' }).waitFor()
  assert.ok(await publish.isDisabled())
  await payload.fill(`{"on": true, "id": ${BIG}}`)
  await page.getByLabel('Retain').check()
  await publish.click()
  await page.locator('.answer', { hasText: 'Published' }).waitFor()
  await page.getByLabel('As text').check()
  await payload.fill('on "at last"')
  await publish.click()
  await page.locator('dialog', { hasText: BIG }).waitFor()
  await agree(page, 'Replace it')
  await page.getByRole('link', { name: 'Retained message' }).click()
  await page.locator('pre', { hasText: '"on \\"at last\\""' }).waitFor()
  await page.getByRole('button', { name: 'Replace …' }).click()
  await page.getByLabel('Payload, as JSON').fill(`[${BIG}]`)
  await agree(page, 'Replace it')
  await page.locator('.card pre', { hasText: BIG }).waitFor()
  await page.getByRole('button', { name: 'Clear …' }).click()
  await page.locator('dialog', { hasText: BIG }).waitFor()
  await agree(page, 'Clear it')
  await page.locator('.empty', { hasText: 'No message is retained' }).waitFor()
  await done()
})

test('what a channel keeps: history, subscribers, backlog, which is purged, and its settings', async () => {
  const { page, done } = await stage.page('/channels/orders%2Fnew?tab=history')
  await page.locator('.kept li').nth(11).waitFor()
  const lines = (await download(page, 'Save')).trim().split('\n')
  assert.equal(lines.length, 12)
  assert.ok(lines[0].endsWith(`"payload":{"order":${BIG},"n":0}}`), lines[0])
  await page.getByRole('link', { name: /^Subscribers/ }).click()
  await page.locator('tbody tr', { hasText: 'night-report' }).filter({ hasText: '12' }).waitFor()
  await page.getByRole('link', { name: /^Backlog/ }).click()
  await page.locator('tbody tr', { hasText: 'night-report' }).waitFor()
  await page.getByRole('button', { name: 'Purge backlog …' }).click()
  const purge = page.locator('dialog').getByRole('button', { name: 'Purge the backlog' })
  assert.ok(await purge.isDisabled())
  await page.getByLabel(/^Its name/).fill('orders/new')
  await agree(page, 'Purge the backlog')
  await page.locator('.toast', { hasText: /12 stored messages were dropped/ }).waitFor()
  await page.locator('.figure', { hasText: 'all is acknowledged' }).waitFor()
  await page.getByRole('link', { name: 'Settings' }).click()
  await page.locator('tbody tr', { hasText: 'history.messages' }).filter({ hasText: '50' }).waitFor()
  await done()
})

test('the rules say who may what, and the address has the question', async () => {
  const { page, done } = await stage.page('/')
  await page.getByRole('link', { name: 'Access' }).click()
  await page.getByLabel('Client', { exact: true }).fill('fridge')
  await page.getByLabel('Channel', { exact: true }).fill('room/kitchen')
  await page.getByRole('button', { name: 'Ask the rules' }).click()
  await page.locator('.verdict', { hasText: 'Allowed' }).waitFor()
  assert.equal(new URL(page.url()).search, '?client=fridge&action=subscribe&channel=room%2Fkitchen')
  await done()
})
