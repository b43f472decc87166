import assert from 'node:assert/strict'
import { test } from 'node:test'
import { tokens } from '../../../lib/config.mjs'
import { money, statusLine, traffic } from '../../../lib/status.mjs'

test('money_severalTabs_sumsBeyondDoubles', () => {
  const tab = { authorized: '9007199254740993', spent: '5', settled: '0' }
  assert.deepEqual(money([tab, tab]), { authorized: 18014398509481986n, spent: 10n, settled: 0n })
})

test('traffic_severalRoutes_sums', () => {
  const metrics = `# HELP tollstream_metered_bytes_total Metered body bytes handed to clients
# TYPE tollstream_metered_bytes_total counter
tollstream_metered_bytes_total{route="big"} 1048576.0
tollstream_metered_bytes_total{route="hls"} 2.0E7
tollstream_streams_held 1.0
tollstream_streams_open 3.0
`
  assert.deepEqual(traffic(metrics), { streams: 3, held: 1, bytes: 21_048_576 })
})

test('statusLine_twoSecondsLater_rateOverThatTime', () => {
  const before = { bytes: 0, atMillis: 0 }
  const paid = { authorized: 1500n, spent: 1000n, settled: 0n }
  assert.equal(
    statusLine({ streams: 1, held: 0, bytes: 10_485_760, ...paid, atMillis: 2000 }, before),
    '1 stream · 10.0 MiB delivered at 5.0 MiB/s · ' +
      'authorized 0.001500 TUSD · spent 0.001000 TUSD · settled 0.000000 TUSD',
  )
})

test('statusLine_heldStreams_saysSo', () => {
  const now = { streams: 2, held: 1, bytes: 0, authorized: 0n, spent: 0n, settled: 0n, atMillis: 0 }
  assert.match(statusLine(now, now), /^2 streams, 1 held · 0\.0 MiB delivered at 0\.0 MiB\/s · /)
})

test('tokens_baseUnits_sixDecimals', () => {
  assert.equal(tokens(0n), '0.000000 TUSD')
  assert.equal(tokens(12_345_678n), '12.345678 TUSD')
})
