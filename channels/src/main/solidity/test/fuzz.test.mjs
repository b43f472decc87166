// Fuzzes the escrow with a fresh seed (README.md, "Fuzzing").

import assert from 'node:assert/strict'
import { it } from 'node:test'
import { fuzz, randomSeed } from '../fuzz/forge.mjs'

const MIN_CALLS = 10_000

it('escrow_anyCalls_keepsItsPromises', async () => {
  const seed = randomSeed()
  console.log(`fuzzing with seed ${seed}`)
  const { held, output } = await fuzz({ seed })
  assert.ok(held, `repeat it: npm run fuzz -- --seed ${seed}\n${output}`)
  const calls = Number(/calls: (\d+)/.exec(output)?.[1])
  assert.ok(calls >= MIN_CALLS, `only ${calls} calls`)
})
