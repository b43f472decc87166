// Native coin that a recipient cannot or will not take must not hold up the other side.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeFunctionData, parseEther, zeroAddress } from 'viem'
import { assertLockedOut, assertRefused, changes, useWorld } from './suite.mjs'
import { DEPOSIT, GRACE_SECONDS, testContracts } from './world.mjs'

const w = {}
const HALF = DEPOSIT / 2n
const [ACCEPTS, REFUSES, BURNS_GAS, REENTERS] = [0, 1, 2, 3]

const encode = (functionName, args) => encodeFunctionData({ abi: w.escrow.abi, functionName, args })
const asWallet = (functionName, args, value = 0n) =>
  w.send(w.wallet, 'execute', [w.escrow.address, value, encode(functionName, args)])
const mood = (value) => w.send(w.wallet, 'setMood', [value])
const owed = (holder = w.wallet.address) => w.read(w.escrow, 'owed', [holder])
const deferred = (receipt) =>
  receipt.events.filter((event) => event.eventName === 'PaymentDeferred')

/** A native channel whose payer is the wallet; vouchers are the wallet owner's. */
async function channelOfWallet() {
  const args = [w.payee.address, zeroAddress, DEPOSIT, w.salt(), zeroAddress]
  const { events } = await asWallet('open', args, DEPOSIT)
  return { id: events[0].args.channelId, by: w.signer, amount: HALF }
}

describe('native coin', () => {
  useWorld(w, async () => {
    w.wallet = await w.deploy(testContracts().TestWallet, [w.signer.address])
    await w.chain.setBalance({ address: w.wallet.address, value: parseEther('1') })
    await w.open({ from: w.other.address, token: zeroAddress })
  })

  for (const [title, value] of [['refuses', REFUSES], ['burnsAllGas', BURNS_GAS]]) {
    for (const name of ['close', 'closeWithAuthorization']) {
      it(`${name}_payer_${title}_payeeIsPaidAndRefundWaits`, async () => {
        const c = await channelOfWallet()
        await mood(value)
        let receipt
        // The payee is another account than the sender here, so gas does not blur the figures.
        const moved = await changes(w, w.native, [w.escrow.address, w.wallet.address], async () => {
          receipt = await w.call(name, c)
        })
        assert.deepEqual(moved, [-HALF, 0n])
        assert.deepEqual(deferred(receipt).map((event) => event.args),
          [{ channelId: c.id, account: w.wallet.address, amount: HALF }])
        assert.equal((await w.channel(c.id)).finalized, true)
        assert.equal(await owed(), HALF)
      })
    }

    for (const name of ['settleWithAuthorization', 'closeWithAuthorization']) {
      it(`${name}_payee_${title}_payerIsNotBlocked`, async () => {
        const id = await w.open({ token: zeroAddress, payee: w.wallet.address })
        await mood(value)
        const moved = await changes(w, w.native, [w.payer.address],
          () => w.call(name, { id, amount: HALF, payeeBy: w.signer }))
        assert.equal(await owed(), HALF)
        assert.deepEqual(moved, [name === 'closeWithAuthorization' ? HALF : 0n])
        if (name === 'settleWithAuthorization') {
          await w.call('requestClose', { id })
          await w.passTime(GRACE_SECONDS)
          await w.call('withdraw', { id })
          assert.equal(await w.balance(w.native, w.escrow.address), DEPOSIT + HALF)
        }
      })
    }
  }

  it('close_payerRefusesTwice_refundsAddUp', async () => {
    const [first, second] = [await channelOfWallet(), await channelOfWallet()]
    await mood(REFUSES)
    await w.call('close', { ...first, amount: 1n })
    await w.call('close', { ...second, amount: 2n })
    assert.equal(await owed(), 2n * DEPOSIT - 3n)
  })

  it('settle_payeeRefuses_paymentWaits', async () => {
    const id = await w.open({ token: zeroAddress, payee: w.wallet.address })
    await mood(REFUSES)
    const receipt = await asWallet('settle', [id, HALF, await w.voucher(id, HALF)])
    const names = receipt.events.map((event) => event.eventName)
    assert.deepEqual(names, ['ChannelSettled', 'PaymentDeferred'])
    assert.equal(await owed(), HALF)
  })

  it('withdraw_payerRefuses_refundWaits', async () => {
    const c = await channelOfWallet()
    await asWallet('requestClose', [c.id])
    await w.passTime(GRACE_SECONDS)
    await mood(REFUSES)
    await asWallet('withdraw', [c.id])
    assert.equal(await owed(), DEPOSIT)
  })

  it('close_payerBurnsAllGas_costsThePayeeLittle', async () => {
    const c = await channelOfWallet()
    await mood(BURNS_GAS)
    const { args, from } = await w.calls.close(c)
    const call = { ...w.escrow, functionName: 'close', args, account: from }
    const gas = await w.chain.estimateContractGas(call)
    assert.ok(gas < 400_000n, `estimated ${gas}`)
  })

  it('close_payerAccepts_nothingWaits', async () => {
    const c = await channelOfWallet()
    await mood(ACCEPTS)
    const moved = await changes(w, w.native, [w.wallet.address], () => w.call('close', c))
    assert.deepEqual(moved, [HALF])
    assert.equal(await owed(), 0n)
  })

  it('close_payerReenters_isLockedOutAndPaidOnce', async () => {
    const [c, second] = [await channelOfWallet(), await channelOfWallet()]
    const { args } = await w.calls.closeWithAuthorization(second)
    await mood(REENTERS)
    await w.send(w.wallet, 'arm', [w.escrow.address, encode('closeWithAuthorization', args)])
    const moved = await changes(w, w.native, [w.wallet.address], () => w.call('close', c))
    assert.deepEqual(moved, [HALF])
    await assertLockedOut(w, w.wallet)
  })

  describe('claim', () => {
    const owing = async () => {
      const c = await channelOfWallet()
      await mood(REFUSES)
      await w.call('close', c)
    }

    it('claim_toAnotherAddress_paysOnce', async () => {
      await owing()
      let receipt
      const moved = await changes(w, w.native, [w.other.address, w.escrow.address], async () => {
        receipt = await asWallet('claim', [w.other.address])
      })
      assert.deepEqual(moved, [HALF, -HALF])
      assert.deepEqual(receipt.events.map((event) => event.args),
        [{ account: w.wallet.address, to: w.other.address, amount: HALF }])
      await assertRefused(asWallet('claim', [w.other.address]), 'NothingOwed')
    })

    it('claim_stillRefusing_TransferFailedAndStillOwed', async () => {
      await owing()
      await assertRefused(asWallet('claim', [w.wallet.address]), 'TransferFailed')
      assert.equal(await owed(), HALF)
    })

    it('claim_recipientReenters_isLockedOutAndPaidOnce', async () => {
      await owing()
      await mood(REENTERS)
      await w.send(w.wallet, 'arm', [w.escrow.address, encode('claim', [w.wallet.address])])
      const moved = await changes(w, w.native, [w.wallet.address],
        () => asWallet('claim', [w.wallet.address]))
      assert.deepEqual(moved, [HALF])
      await assertLockedOut(w, w.wallet)
    })

    it('claim_byStranger_NothingOwed', async () => {
      await owing()
      const stolen = w.send(w.escrow, 'claim', [w.other.address], { from: w.other.address })
      await assertRefused(stolen, 'NothingOwed')
    })
  })
})
