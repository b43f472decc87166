// One line a second about what the gateway delivers and is paid, from its management port.

import { setTimeout as sleep } from 'node:timers/promises'
import { tokens } from './config.mjs'

const everyMillis = 1_000
const askMillis = 2_000
const mebibyte = 1024 * 1024

/** Yields a line a second until `ended()`. */
export async function* statusLines(management, ended) {
  let before
  for (;;) {
    await sleep(everyMillis)
    const now = ended() ? undefined : await look(management)
    if (ended()) return
    yield now ? statusLine(now, before ?? now) : 'the gateway does not answer'
    before = now ?? before
  }
}

async function look(management) {
  try {
    const [tabs, metrics] = await Promise.all([
      ask(`${management}/channels`).then((response) => response.json()),
      ask(`${management}/metrics`).then((response) => response.text()),
    ])
    return { ...money(tabs), ...traffic(metrics), atMillis: performance.now() }
  } catch {
    return undefined
  }
}

const ask = (url) => fetch(url, { signal: AbortSignal.timeout(askMillis) })

/** Base units, over all tabs. */
export function money(tabs) {
  const sum = (field) => tabs.reduce((total, tab) => total + BigInt(tab[field]), 0n)
  return { authorized: sum('authorized'), spent: sum('spent'), settled: sum('settled') }
}

/** Streams and bytes, over all routes. */
export function traffic(metrics) {
  const sum = (name) =>
    [...metrics.matchAll(new RegExp(`^tollstream_${name}(?:{.*})? (\\S+)$`, 'gm'))]
      .map(([, value]) => Number(value))
      .reduce((total, value) => total + value, 0)
  return {
    streams: sum('streams_open'),
    held: sum('streams_held'),
    bytes: sum('metered_bytes_total'),
  }
}

export function statusLine(now, before) {
  const seconds = Math.max((now.atMillis - before.atMillis) / 1000, 0.001)
  const rate = (now.bytes - before.bytes) / mebibyte / seconds
  return [
    `${now.streams} stream${now.streams === 1 ? '' : 's'}${now.held ? `, ${now.held} held` : ''}`,
    `${(now.bytes / mebibyte).toFixed(1)} MiB delivered at ${rate.toFixed(1)} MiB/s`,
    `authorized ${tokens(now.authorized)}`,
    `spent ${tokens(now.spent)}`,
    `settled ${tokens(now.settled)}`,
  ].join(' · ')
}
