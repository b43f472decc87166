// What the test files share: one world per file, a snapshot per test, solvency after each test.

import assert from 'node:assert/strict'
import { after, afterEach, before, beforeEach } from 'node:test'
import { ContractFunctionRevertedError, toFunctionSelector } from 'viem'
import { createWorld } from './world.mjs'

/** Fills `w` before the first test; every test starts from the state that `prepare` left. */
export function useWorld(w, prepare = async () => {}) {
  let snapshot
  before(async () => {
    Object.assign(w, await createWorld())
    await prepare(w)
  })
  beforeEach(async () => {
    snapshot = await w.chain.snapshot()
  })
  afterEach(async () => {
    try {
      await w.assertSolvent()
    } finally {
      await w.chain.revert({ id: snapshot })
    }
  })
  after(() => w.stop())
}

/** The call must revert with this custom error; null stands for a revert without one. */
export async function assertRefused(promise, errorName) {
  const error = await promise.then(() => null, (e) => e)
  assert.ok(error, `expected ${errorName}, but it went through`)
  assert.ok(error instanceof ContractFunctionRevertedError, error)
  assert.equal(error.data?.errorName ?? null, errorName)
  if (!errorName) assert.equal(error.raw ?? '0x', '0x')
}

/** A token or wallet called back in the middle of a call, and ran into the escrow's guard. */
export async function assertLockedOut(w, contract) {
  assert.equal(await w.read(contract, 'attempted'), true)
  const locked = toFunctionSelector('ReentrancyGuardReentrantCall()')
  assert.equal(await w.read(contract, 'failure'), locked)
}

/** How much each holder's balance of an asset changed during an action. */
export async function changes(w, asset, holders, action) {
  const balances = () => Promise.all(holders.map((holder) => w.balance(asset, holder)))
  const old = await balances()
  await action()
  return (await balances()).map((balance, i) => balance - old[i])
}
