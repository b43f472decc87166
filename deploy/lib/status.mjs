// One line a second about what the gateway delivers and is paid, from its management port.

import { setTimeout as sleep } from 'node:timers/promises'
import { price, tokens } from './config.mjs'

const everyMillis = 1_000
const askMillis = 2_000

/** Yields a line a second until `ended()`. */
export async function* statusLines(management, ended) {
  let before = { spent: 0n, at: performance.now() }
  for (;;) {
    await sleep(everyMillis)
    if (ended()) return
    const tabs = await ask(`${management}/tabs`)
    if (ended()) return
    if (!tabs) {
      yield 'the gateway does not answer'
      continue
    }
    const now = { ...totals(tabs), at: performance.now() }
    yield statusLine(now, before)
    before = now
  }
}

async function ask(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(askMillis) })
    return response.ok ? await response.json() : undefined
  } catch {
    return undefined
  }
}

export function totals(tabs) {
  const sum = (field) => tabs.reduce((total, tab) => total + BigInt(tab[field] ?? 0), 0n)
  return { streams: sum('streams'), authorized: sum('authorized'), spent: sum('spent'), settled: sum('settled') }
}

/** Bytes are told from what was spent: at one tariff for everything, the two are the same thing. */
export function statusLine(now, before) {
  const seconds = Math.max((now.at - before.at) / 1000, 0.001)
  const rate = (mebibytes(now.spent) - mebibytes(before.spent)) / seconds
  return [
    `${now.streams} stream${now.streams === 1n ? '' : 's'}`,
    `${mebibytes(now.spent).toFixed(1)} MiB delivered at ${Math.max(rate, 0).toFixed(1)} MiB/s`,
    `authorized ${tokens(now.authorized)}`,
    `spent ${tokens(now.spent)}`,
    `settled ${tokens(now.settled)}`,
  ].join(' · ')
}

const mebibytes = (spent) => Number(spent) / Number(price.amount)
