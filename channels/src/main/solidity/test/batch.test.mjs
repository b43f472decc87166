// Many settlements in one transaction: each item stands or falls alone.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeFunctionData, padHex, toFunctionSelector, toHex, zeroAddress } from 'viem'
import { assertRefused, changes, useWorld } from './suite.mjs'
import { DEPOSIT, GRACE_SECONDS, MAX_UINT128, testContracts } from './world.mjs'

const w = {}
const HALF = DEPOSIT / 2n
const SETTLED = '0x00000000'
const [REFUSES, BURNS_GAS] = [1, 2]

const channel = async (o) => ({ id: await w.open(o) })
const channels = async (count, o) => {
  const opened = []
  while (opened.length < count) opened.push(await channel(o))
  return opened
}
const selector = (error) => (error ? toFunctionSelector(`${error}()`) : SETTLED)

/** What the call would return, asked before it is sent, as a settler does. */
const foreseen = async (o) => {
  const { args, from } = await w.calls.settleMany(o)
  const call = { ...w.escrow, functionName: 'settleMany', args, account: from }
  return (await w.chain.simulateContract(call)).result
}

const refusedIn = (receipt) => receipt.events
  .filter((event) => event.eventName === 'SettlementRefused').map((event) => event.args)

/** The batch settles all items but those at which `errors` names an error. */
async function assertOutcome(o, errors) {
  const expected = errors.map(selector)
  const before = await Promise.all(o.items.map(({ id }) => w.channel(id)))
  assert.deepEqual(await foreseen(o), expected)
  const receipt = await w.call('settleMany', o)
  assert.deepEqual(refusedIn(receipt), o.items.flatMap(({ id }, i) =>
    (errors[i] ? [{ channelId: id, reason: expected[i] }] : [])))
  for (const [i, { id }] of o.items.entries()) {
    if (errors[i]) assert.deepEqual(await w.channel(id), before[i])
  }
  return receipt
}

const flippedS = (signature) => {
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = n - BigInt(`0x${signature.slice(66, 130)}`)
  const v = 55 - parseInt(signature.slice(130), 16)
  return signature.slice(0, 66) + toHex(s, { size: 32 }).slice(2) + v.toString(16)
}

const closing = async (o) => {
  const c = await channel(o)
  await w.call('requestClose', c)
  await w.passTime(GRACE_SECONDS)
  return c
}
const ended = (how) => async () => {
  const c = await closing()
  await w.call(how, c)
  return c
}
const settledTo = (settled, amount) => async () => {
  const c = await channel()
  await w.call('settle', { ...c, amount: settled })
  return { ...c, amount }
}
const signedAs = (change) => async () => {
  const c = await channel()
  return { ...c, amount: HALF, signature: await change(c) }
}
const ofWallet = async () =>
  ({ ...(await channel({ authorizedSigner: w.wallet.address })), by: w.signer })

// [error, condition, the item]
const bad = [
  ['ChannelNotFound', 'unknownChannel', async () => ({ id: padHex('0xdead', { size: 32 }) })],
  ['ChannelFinalized', 'closedChannel', ended('close')],
  ['ChannelFinalized', 'withdrawnChannel', ended('withdraw')],
  ['NotPayee', 'channelOfAnotherPayee', () => channel({ payee: w.other.address })],
  ['TokenMismatch', 'nativeChannel', () => channel({ token: zeroAddress })],
  ['TokenMismatch', 'channelOfAnotherToken', () => channel({ token: w.reentrant.address })],
  ['AmountNotIncreasing', 'zeroAmount', async () => ({ ...(await channel()), amount: 0n })],
  ['AmountNotIncreasing', 'amountEqualToSettled', settledTo(HALF, HALF)],
  ['AmountNotIncreasing', 'amountBelowSettled', settledTo(HALF, HALF - 1n)],
  ['AmountExceedsDeposit', 'oneAboveDeposit',
    async () => ({ ...(await channel()), amount: DEPOSIT + 1n })],
  ['AmountExceedsDeposit', 'greatestAmount',
    async () => ({ ...(await channel()), amount: MAX_UINT128 })],
  ['InvalidSignature', 'voucherByStranger', async () => ({ ...(await channel()), by: w.other })],
  ['InvalidSignature', 'voucherByPayerWhenDelegated',
    () => channel({ authorizedSigner: w.signer.address })],
  ['InvalidSignature', 'voucherForAnotherAmount', signedAs((c) => w.voucher(c.id, HALF - 1n))],
  ['InvalidSignature', 'voucherForAnotherChain',
    signedAs((c) => w.voucher(c.id, HALF, w.payer, { ...w.domain(), chainId: 314 }))],
  ['InvalidSignature', 'voucherHighS',
    signedAs(async (c) => flippedS(await w.voucher(c.id, HALF)))],
  ['InvalidSignature', 'voucherOfContractWallet', ofWallet],
]

describe('batches', () => {
  useWorld(w, async () => {
    const contracts = testContracts()
    w.wallet = await w.deploy(contracts.TestWallet, [w.signer.address])
    w.reentrant = await w.fund(await w.deploy(contracts.ReentrantToken), w.payer.address)
    await w.open({ from: w.other.address })
    await w.open({ from: w.other.address, token: zeroAddress })
  })

  for (const asset of ['token', 'native']) {
    it(`settleMany_${asset}_paysTheSumOnceAndRecordsEach`, async () => {
      const token = w[asset].address
      const items = (await channels(5, { token })).map((c, i) => ({ ...c, amount: BigInt(i + 1) }))
      await w.call('settle', { ...items[4], amount: 2n })
      let receipt
      // The payee pays for gas, so where coin is settled its balance tells nothing.
      const holders = [w.escrow.address, ...(asset === 'token' ? [w.payee.address] : [])]
      const moved = await changes(w, w[asset], holders, async () => {
        receipt = await assertOutcome({ items, token }, items.map(() => null))
      })
      assert.deepEqual(moved, [-13n, 13n].slice(0, holders.length))
      assert.deepEqual(receipt.events.map((event) => event.args), items.map(({ id, amount }, i) =>
        ({ channelId: id, cumulativeAmount: amount, delta: i === 4 ? 3n : amount })))
      assert.equal(receipt.logs.length - receipt.events.length, asset === 'token' ? 1 : 0)
      for (const { id, amount } of items) assert.equal((await w.channel(id)).settled, amount)
    })
  }

  for (const [error, condition, item] of bad) {
    it(`settleMany_${condition}_${error}AndTheRestIsPaid`, async () => {
      const [first, last] = await channels(2)
      const items = [first, await item(), last]
      const moved = await changes(w, w.token, [w.payee.address],
        () => assertOutcome({ items }, [null, error, null]))
      assert.deepEqual(moved, [DEPOSIT])
    })

    it(`settleMany_onlyOne_${condition}_NothingToSettle`, async () => {
      await assertRefused(w.call('settleMany', { items: [await item()] }), 'NothingToSettle')
    })
  }

  it('settleMany_nothing_NothingToSettle', async () => {
    await assertRefused(w.call('settleMany', { items: [] }), 'NothingToSettle')
  })

  it('settleMany_byAnotherThanThePayee_NothingToSettle', async () => {
    const items = await channels(2)
    for (const sender of [w.payer, w.relayer].map(({ address }) => address)) {
      await assertRefused(w.call('settleMany', { items, sender }), 'NothingToSettle')
    }
  })

  it('settleMany_sameChannelTwice_paysTheDifference', async () => {
    const c = await channel()
    const [low, high] = [{ ...c, amount: 10n }, { ...c, amount: 25n }]
    const moved = await changes(w, w.token, [w.payee.address], async () => {
      await assertOutcome({ items: [low, high] }, [null, null])
      await assertRefused(w.call('settleMany', { items: [low, high] }), 'NothingToSettle')
    })
    assert.deepEqual(moved, [25n])
  })

  it('settleMany_higherVoucherFirst_lowerIsRefused', async () => {
    const c = await channel()
    const items = [{ ...c, amount: 25n }, { ...c, amount: 10n }]
    const { args } = await w.calls.settleMany({ items })
    const receipt = await w.send(w.escrow, 'settleMany', args, { from: w.payee.address })
    assert.deepEqual(refusedIn(receipt),
      [{ channelId: c.id, reason: selector('AmountNotIncreasing') }])
    assert.equal((await w.channel(c.id)).settled, 25n)
  })

  it('settleMany_sumAboveUint128_isPaid', async () => {
    await w.send(w.token, 'mint', [w.payer.address, MAX_UINT128])
    await w.send(w.token, 'approve', [w.escrow.address, 3n * MAX_UINT128])
    const first = await channel({ deposit: MAX_UINT128 })
    await w.call('settle', { ...first, amount: MAX_UINT128 - 1n })
    await w.send(w.token, 'transfer', [w.payer.address, MAX_UINT128 - 1n],
      { from: w.payee.address })
    const second = await channel({ deposit: MAX_UINT128 - 1n })
    await w.send(w.token, 'mint', [w.payer.address, MAX_UINT128])
    const third = await channel({ deposit: MAX_UINT128 })
    const items = [
      { ...first, amount: MAX_UINT128 }, { ...second, amount: MAX_UINT128 - 1n },
      { ...third, amount: MAX_UINT128 },
    ]
    const moved = await changes(w, w.token, [w.payee.address],
      () => assertOutcome({ items }, [null, null, null]))
    assert.deepEqual(moved, [2n * MAX_UINT128])
  })

  it('settleMany_delegatedKeyAndDuringGrace_isPaid', async () => {
    const delegated = await channel({ authorizedSigner: w.signer.address })
    const items = [{ ...delegated, by: w.signer }, await closing()]
    await assertOutcome({ items }, [null, null])
  })

  it('settleMany_signerIsContractThatBurnsGas_isNotCalled', async () => {
    const burner = '0x00000000000000000000000000000000b0b0b0b0'
    await w.chain.setCode({ address: burner, bytecode: '0x5b600056' }) // for (;;) {}
    const items = [{ ...(await channel({ authorizedSigner: burner })) }, await channel()]
    const receipt = await assertOutcome({ items }, ['InvalidSignature', null])
    assert.ok(receipt.gasUsed < 150_000n, `${receipt.gasUsed}`)
  })

  for (const [title, mood] of [['refuses', REFUSES], ['burnsAllGas', BURNS_GAS]]) {
    it(`settleMany_payeeWallet_${title}_sumWaitsForIt`, async () => {
      const items = await channels(3, { token: zeroAddress, payee: w.wallet.address })
      await w.send(w.wallet, 'setMood', [mood])
      const { args } = await w.calls.settleMany({ items, token: zeroAddress })
      const data = encodeFunctionData({ abi: w.escrow.abi, functionName: 'settleMany', args })
      const { events } = await w.send(w.wallet, 'execute', [w.escrow.address, 0n, data])
      const { eventName, args: deferred } = events.at(-1)
      assert.equal(eventName, 'PaymentDeferred')
      assert.deepEqual(deferred, {
        channelId: padHex('0x', { size: 32 }), account: w.wallet.address, amount: 3n * HALF,
      })
      assert.equal(await w.read(w.escrow, 'owed', [w.wallet.address]), 3n * HALF)
    })
  }

  it('settleMany_gasRunsShort_revertsRatherThanSkips', async () => {
    const items = await channels(4)
    const { args, from } = await w.calls.settleMany({ items })
    const call = { ...w.escrow, functionName: 'settleMany', args, account: from }
    const enough = await w.chain.estimateContractGas(call)
    let short = 0
    for (let status, gas = enough - 60_000n; status !== 'success'; gas += 1_500n) {
      const receipt = await w.receiptOf(await w.chain.writeContract({ ...call, gas }))
      status = receipt.status
      if (status === 'success') assert.equal(receipt.logs.length, items.length + 1)
      else short++
    }
    assert.ok(short > 10, `${short}`)
  })
})
