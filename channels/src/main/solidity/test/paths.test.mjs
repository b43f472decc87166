// What each function does when it is allowed to: records, events and money.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeFunctionData, hashDomain, hashTypedData, zeroAddress } from 'viem'
import { channelIdOf, escrowDomain, typed } from '../typed.mjs'
import { assertRefused, changes, useWorld } from './suite.mjs'
import { DEPOSIT, GRACE_SECONDS, MAX_UINT128, NEVER, testContracts } from './world.mjs'

const w = {}
const HALF = DEPOSIT / 2n
const OPENS = ['open', 'openWithAuthorization', 'openWithPermit2']
const TOP_UPS = ['topUp', 'topUpWithAuthorization', 'topUpWithPermit2']
const ASSETS = ['token', 'native']

const names = (receipt) => receipt.events.map((event) => event.eventName)
const only = (receipt) => {
  assert.equal(receipt.events.length, 1)
  return receipt.events[0]
}

/** Opens a channel in an asset; the returned object carries what later calls on it need. */
const channel = async (asset = 'token', o = {}) => {
  const token = w[asset].address
  return { id: await w.open({ ...o, token }), native: asset === 'native', token }
}

describe('paths', () => {
  useWorld(w, async () => {
    w.contracts = testContracts()
    w.wallet = await w.deploy(w.contracts.TestWallet, [w.signer.address])
    w.reentrant = await w.fund(await w.deploy(w.contracts.ReentrantToken), w.payer.address)
  })

  for (const name of OPENS) {
    for (const delegated of [false, true]) {
      it(`${name}_${delegated ? 'delegatedSigner' : 'payerSigns'}_recordsAndPulls`, async () => {
        const authorizedSigner = delegated ? w.signer.address : zeroAddress
        const salt = w.salt()
        let event
        const holders = [w.payer.address, w.escrow.address]
        const moved = await changes(w, w.token, holders, async () => {
          event = only(await w.call(name, { authorizedSigner, salt }))
        })
        const [payer, payee, token] = [w.payer, w.payee, w.token].map(({ address }) => address)
        const parties = { payer, payee, token, authorizedSigner }
        const channelId = channelIdOf({ ...parties, salt }, w.escrow.address, w.chainId)
        assert.deepEqual(moved, [-DEPOSIT, DEPOSIT])
        assert.equal(event.eventName, 'ChannelOpened')
        assert.deepEqual(event.args, { ...parties, channelId, salt, deposit: DEPOSIT })
        assert.deepEqual(await w.channel(channelId), {
          ...parties, deposit: DEPOSIT, settled: 0n, closeRequestedAt: 0n, finalized: false,
        })
      })
    }
  }

  it('open_nativeCoin_recordsZeroToken', async () => {
    let c
    const moved = await changes(w, w.native, [w.escrow.address], async () => {
      c = await channel('native')
    })
    assert.deepEqual(moved, [DEPOSIT])
    assert.equal((await w.channel(c.id)).token, zeroAddress)
  })

  it('open_greatestDeposit_canBeSettledWhole', async () => {
    await w.send(w.token, 'mint', [w.payer.address, MAX_UINT128])
    const id = await w.open({ deposit: MAX_UINT128 })
    const moved = await changes(w, w.token, [w.payee.address],
      () => w.call('settle', { id, amount: MAX_UINT128 }))
    assert.deepEqual(moved, [MAX_UINT128])
  })

  it('getChannel_unknownChannel_isAllZero', async () => {
    const { payer, payee, deposit, finalized } = await w.channel(w.salt())
    assert.deepEqual([payer, payee, deposit, finalized], [zeroAddress, zeroAddress, 0n, false])
  })

  for (const [name, asset] of [...TOP_UPS.map((name) => [name, 'token']), ['topUp', 'native']]) {
    it(`${name}_${asset}_addsAndCancelsCloseRequest`, async () => {
      const c = await channel(asset)
      await w.call('requestClose', c)
      let receipt
      const moved = await changes(w, w[asset], [w.escrow.address], async () => {
        receipt = await w.call(name, { ...c, amount: 5n })
      })
      assert.deepEqual(moved, [5n])
      assert.deepEqual(names(receipt), ['ChannelToppedUp', 'CloseRequestCancelled'])
      assert.deepEqual(receipt.events[0].args,
        { channelId: c.id, additionalDeposit: 5n, newDeposit: DEPOSIT + 5n })
      const { deposit, closeRequestedAt } = await w.channel(c.id)
      assert.deepEqual([deposit, closeRequestedAt], [DEPOSIT + 5n, 0n])
    })
  }

  for (const name of TOP_UPS.slice(1)) {
    it(`${name}_byThirdParty_refundGoesToPayer`, async () => {
      const c = await channel()
      await w.call(name, { ...c, from: w.other.address, by: w.other })
      const moved = await changes(w, w.token, [w.payer.address, w.other.address],
        () => w.call('close', { ...c, amount: 0n, signature: '0x' }))
      assert.deepEqual(moved, [2n * DEPOSIT, 0n])
    })
  }

  for (const asset of ASSETS) {
    for (const suffix of ['', 'WithAuthorization']) {
      it(`settle${suffix}_${asset}_paysTheDelta`, async () => {
        const c = await channel(asset)
        await w.call(`settle${suffix}`, { ...c, amount: 100n })
        let event
        // The relayer sends, so that the payee's coin changes by the payment alone.
        const moved = await changes(w, w[asset], [w.payee.address, w.escrow.address], async () => {
          event = only(await w.call('settleWithAuthorization', { ...c, amount: 250n }))
        })
        assert.deepEqual(moved, [150n, -150n])
        assert.equal(event.eventName, 'ChannelSettled')
        assert.deepEqual(event.args, { channelId: c.id, cumulativeAmount: 250n, delta: 150n })
        assert.equal((await w.channel(c.id)).settled, 250n)
      })

      // [title, settled before, amount, signature]
      for (const [title, before, amount, signature] of [
        ['voucher', 0n, HALF], ['wholeDeposit', 0n, DEPOSIT], ['voucherAboveSettled', 100n, HALF],
        ['forfeitAll', 0n, 0n, '0x'], ['forfeitAtSettled', 100n, 100n, '0x'],
        ['forfeitBelowSettled', 100n, 99n], ['forfeitWithNonsense', 100n, 1n, '0x1234'],
      ]) {
        it(`close${suffix}_${asset}_${title}_paysBothAndFinalizes`, async () => {
          const c = await channel(asset)
          if (before) await w.call('settle', { ...c, amount: before })
          let event
          const payer = asset === 'token' ? w.payer.address : w.escrow.address
          const moved = await changes(w, w[asset], [w.payee.address, payer], async () => {
            event = only(await w.call(`close${suffix}`, { ...c, amount, signature }))
          })
          const settled = amount > before ? amount : before
          const [delta, refund] = [settled - before, DEPOSIT - settled]
          if (asset === 'token') assert.deepEqual(moved, [delta, refund])
          else assert.equal(moved[1], -(delta + refund))
          assert.equal(event.eventName, 'ChannelClosed')
          assert.deepEqual(event.args, { channelId: c.id, settled, delta, refund })
          const record = await w.channel(c.id)
          assert.equal(record.finalized, true)
          assert.deepEqual([record.settled, record.deposit], [settled, DEPOSIT])
        })
      }
    }

    it(`withdraw_${asset}_graceOver_refundsWhatIsNotSettled`, async () => {
      const c = await channel(asset)
      await w.call('settle', { ...c, amount: 100n })
      const requested = only(await w.call('requestClose', c))
      assert.equal(requested.eventName, 'CloseRequested')
      const graceEnd = (await w.now()) + BigInt(GRACE_SECONDS)
      assert.deepEqual(requested.args, { channelId: c.id, graceEnd })
      await w.chain.setNextBlockTimestamp({ timestamp: graceEnd })
      let event
      const moved = await changes(w, w[asset], [w.escrow.address], async () => {
        event = only(await w.call('withdraw', c))
      })
      assert.deepEqual(moved, [100n - DEPOSIT])
      assert.equal(event.eventName, 'ChannelWithdrawn')
      assert.deepEqual(event.args, { channelId: c.id, refund: DEPOSIT - 100n })
      assert.equal((await w.channel(c.id)).finalized, true)
    })
  }

  it('withdraw_oneSecondEarly_CloseNotReady', async () => {
    const c = await channel()
    await w.call('requestClose', c)
    await w.chain.setNextBlockTimestamp({ timestamp: (await w.now()) + BigInt(GRACE_SECONDS) - 1n })
    await assertRefused(w.call('withdraw', c), 'CloseNotReady')
  })

  for (const end of ['close', 'withdraw']) {
    it(`${end}_everythingSettled_doesNotBotherTheToken`, async () => {
      const c = await channel('reentrant')
      await w.call('settle', { ...c, amount: DEPOSIT })
      await w.call('requestClose', c)
      await w.passTime(GRACE_SECONDS)
      await w.send(w.reentrant, 'arm', [w.escrow.address, '0x'])
      await w.call(end, { ...c, amount: 0n, signature: '0x' })
      assert.equal(await w.read(w.reentrant, 'attempted'), false)
    })
  }

  it('requestClose_again_keepsTheFirstTime', async () => {
    const c = await channel()
    const first = only(await w.call('requestClose', c))
    await w.passTime(100)
    assert.deepEqual(only(await w.call('requestClose', c)).args, first.args)
  })

  for (const name of ['settle', 'settleWithAuthorization', 'close', 'closeWithAuthorization']) {
    it(`${name}_duringAndAfterGrace_stillPays`, async () => {
      const c = await channel()
      await w.call('requestClose', c)
      await w.passTime(GRACE_SECONDS + 10)
      const moved = await changes(w, w.token, [w.payee.address],
        () => w.call(name, { ...c, amount: HALF }))
      assert.deepEqual(moved, [HALF])
      if (name.startsWith('settle')) await w.call('withdraw', c)
      assert.equal((await w.channel(c.id)).finalized, true)
    })

    for (const [title, authorizedSigner] of [
      ['delegatedKey', () => w.signer.address],
      ['delegatedContractWallet', () => w.wallet.address],
    ]) {
      it(`${name}_${title}_isAccepted`, async () => {
        const c = await channel('token', { authorizedSigner: authorizedSigner() })
        const moved = await changes(w, w.token, [w.payee.address],
          () => w.call(name, { ...c, amount: HALF, by: w.signer }))
        assert.deepEqual(moved, [HALF])
      })
    }
  }

  for (const name of ['settleWithAuthorization', 'closeWithAuthorization']) {
    it(`${name}_payeeIsContractWallet_isAccepted`, async () => {
      const c = await channel('token', { payee: w.wallet.address })
      await assertRefused(w.call(name, c), 'InvalidSignature')
      const moved = await changes(w, w.token, [w.wallet.address],
        () => w.call(name, { ...c, payeeBy: w.signer }))
      assert.deepEqual(moved, [HALF])
    })
  }

  for (const name of OPENS.slice(1)) {
    it(`${name}_payerIsContractWallet_isAccepted`, async () => {
      await w.fund(w.token, w.payer.address)
      await w.send(w.token, 'mint', [w.wallet.address, DEPOSIT])
      const args = [await w.read(w.escrow, 'PERMIT2'), DEPOSIT]
      const approve = encodeFunctionData({ abi: w.token.abi, functionName: 'approve', args })
      await w.send(w.wallet, 'execute', [w.token.address, 0n, approve])
      const id = await w.open({ from: w.wallet.address, by: w.signer }, name)
      await w.call('settle', { id, by: w.signer })
      assert.equal((await w.channel(id)).payer, w.wallet.address)
    })
  }

  it('settleWithAuthorization_noncesInAnyOrder_eachOnce', async () => {
    const c = await channel()
    const used = (nonce) => w.read(w.escrow, 'isNonceUsed', [c.id, nonce])
    const nonces = [255n, 0n, 256n, 2n ** 256n - 1n, 1n]
    for (const [i, nonce] of nonces.entries()) {
      assert.equal(await used(nonce), false)
      await w.call('settleWithAuthorization', { ...c, amount: BigInt(i + 1), nonce })
    }
    for (const nonce of nonces) {
      assert.equal(await used(nonce), true)
      const again = w.call('settleWithAuthorization', { ...c, amount: 100n, nonce })
      await assertRefused(again, 'NonceAlreadyUsed')
    }
    const elsewhere = await channel()
    await w.call('settleWithAuthorization', { ...elsewhere, nonce: 0n, deadline: NEVER })
  })

  for (const name of [
    'EVM Payment Channel', 'Tempo Stream Channel', 'A domain name longer than one storage slot',
  ]) {
    it(`domain_${name.replaceAll(' ', '')}_isWhatLibrariesCompute`, async () => {
      const escrow = await w.newEscrow({ name })
      const domain = escrowDomain(w.chainId, escrow.address, name)
      const fields = Object.entries(
        { name: 'string', version: 'string', chainId: 'uint256', verifyingContract: 'address' })
        .map(([field, type]) => ({ name: field, type }))
      const separator = hashDomain({ domain, types: { EIP712Domain: fields } })
      assert.equal(await w.read(escrow, 'domainSeparator'), separator)
      const message = { channelId: w.salt(), cumulativeAmount: MAX_UINT128 }
      assert.equal(await w.read(escrow, 'getVoucherDigest', [message.channelId, MAX_UINT128]),
        hashTypedData(typed(domain, 'Voucher', message)))
      assert.deepEqual((await w.read(escrow, 'eip712Domain')).slice(0, 5),
        ['0x0f', name, '1', BigInt(w.chainId), escrow.address])
    })
  }
})
