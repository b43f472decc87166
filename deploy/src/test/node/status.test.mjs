import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokens } from '../../../lib/config.mjs'
import { statusLine, totals } from '../../../lib/status.mjs'

test('totals_severalTabs_sumsBeyondDoubles', () => {
  const tab = { streams: 1, authorized: '9007199254740993', spent: '5', settled: '0' }
  assert.deepEqual(totals([tab, tab]), { streams: 2n, authorized: 18014398509481986n, spent: 10n, settled: 0n })
})

test('statusLine_twoSecondsLater_rateOverThatTime', () => {
  const before = { spent: 0n, at: 0 }
  const now = { streams: 1n, authorized: 1500n, spent: 1000n, settled: 0n, at: 2000 }
  assert.equal(
    statusLine(now, before),
    '1 stream · 10.0 MiB delivered at 5.0 MiB/s · authorized 0.001500 TEST · spent 0.001000 TEST · settled 0.000000 TEST',
  )
})

test('tokens_baseUnits_sixDecimals', () => {
  assert.equal(tokens(0n), '0.000000 TEST')
  assert.equal(tokens(12_345_678n), '12.345678 TEST')
})
