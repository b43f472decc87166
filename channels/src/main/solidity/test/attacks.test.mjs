// The draft's security section, from the attacker's side.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeFunctionData, parseAbi, zeroAddress } from 'viem'
import {
  CANONICAL_PERMIT2, escrowDomain, openNonce, tokenDomain, topUpNonce, typed,
} from '../typed.mjs'
import { assertLockedOut, assertRefused, changes, useWorld } from './suite.mjs'
import { createWorld, DEPOSIT, GRACE_SECONDS, MAX_UINT128, NEVER, testContracts } from './world.mjs'

const w = {}
const HALF = DEPOSIT / 2n
const RELAYED_OPENS = ['openWithAuthorization', 'openWithPermit2']
const RELAYED_TOP_UPS = ['topUpWithAuthorization', 'topUpWithPermit2']
const PERMIT2_ABI = parseAbi([
  'error InvalidSigner()', 'error InvalidNonce()',
  'struct TokenPermissions { address token; uint256 amount; }',
  'struct Permit { TokenPermissions permitted; uint256 nonce; uint256 deadline; }',
  'struct Details { address to; uint256 requestedAmount; }',
  'function permitWitnessTransferFrom(Permit permit, Details details, address owner,'
    + 'bytes32 witness, string witnessTypeString, bytes signature)',
])

const channel = async (o) => ({ id: await w.open(o) })
const encode = (functionName, args) => encodeFunctionData({ abi: w.escrow.abi, functionName, args })

describe('attacks', () => {
  useWorld(w, async () => {
    w.contracts = testContracts()
    w.wallet = await w.deploy(w.contracts.TestWallet, [w.signer.address])
    w.reentrant = await w.fund(await w.deploy(w.contracts.ReentrantToken), w.payer.address)
    // Teaches the world Permit2's errors.
    await w.deploy({ abi: PERMIT2_ABI, bytecode: '0x00' })
    // Somebody else's money, there for the taking if anything is wrong.
    await w.open({ from: w.other.address })
    await w.open({ from: w.other.address, token: zeroAddress })
  })

  it('oldVoucher_channelReopenedWithSameSalt_isRefused', async () => {
    const salt = w.salt()
    const c = await channel({ salt })
    await w.call('close', { ...c, amount: HALF })
    await assertRefused(w.call('open', { salt }), 'ChannelAlreadyExists')
    await assertRefused(w.call('settle', { ...c, amount: HALF }), 'ChannelFinalized')
    const { finalized, settled, payer } = await w.channel(c.id)
    assert.deepEqual([finalized, settled, payer], [true, HALF, w.payer.address])
  })

  it('withdraw_withoutRequestClose_cannotOvertakeTheVoucher', async () => {
    const c = await channel()
    await w.passTime(10 * GRACE_SECONDS)
    await assertRefused(w.call('withdraw', c), 'CloseNotReady')
    await w.call('settle', { ...c, amount: DEPOSIT })
  })

  it('withdraw_afterCooperativeClose_drawsNothingFromThePool', async () => {
    const c = await channel()
    await w.call('requestClose', c)
    await w.call('close', { ...c, amount: HALF })
    await w.passTime(GRACE_SECONDS)
    await assertRefused(w.call('withdraw', c), 'ChannelFinalized')
    await assertRefused(w.call('requestClose', c), 'ChannelFinalized')
  })

  it('close_afterWithdraw_drawsNothingFromThePool', async () => {
    const c = await channel()
    await w.call('requestClose', c)
    await w.passTime(GRACE_SECONDS)
    await w.call('withdraw', c)
    await assertRefused(w.call('close', { ...c, amount: DEPOSIT }), 'ChannelFinalized')
    await assertRefused(w.call('settle', { ...c, amount: DEPOSIT }), 'ChannelFinalized')
  })

  it('topUp_afterRequestClose_restartsTheGracePeriod', async () => {
    const c = await channel()
    await w.call('requestClose', c)
    await w.passTime(GRACE_SECONDS)
    await w.call('topUp', { ...c, amount: 1n })
    await assertRefused(w.call('withdraw', c), 'CloseNotReady')
    await w.call('requestClose', c)
    await assertRefused(w.call('withdraw', c), 'CloseNotReady')
  })

  for (const name of RELAYED_TOP_UPS) {
    it(`${name}_byThirdPartyDuringGrace_cannotTrapThePayer`, async () => {
      const c = await channel()
      await w.call('requestClose', c)
      await w.passTime(GRACE_SECONDS)
      const gift = { ...c, amount: 1n, from: w.other.address, by: w.other }
      const { events } = await w.call(name, gift)
      assert.deepEqual(events.map((event) => event.eventName), ['ChannelToppedUp'])
      const moved = await changes(w, w.token, [w.payer.address], () => w.call('withdraw', c))
      assert.deepEqual(moved, [DEPOSIT + 1n])
    })
  }

  for (const [field, value] of [
    ['payee', () => w.relayer.address],
    ['salt', () => w.salt()],
    ['authorizedSigner', () => w.relayer.address],
    ['deposit', () => DEPOSIT - 1n],
    ['token', () => w.reentrant.address],
  ]) {
    it(`openWithAuthorization_frontRunnerSubstitutes_${field}_isRefused`, async () => {
      const o = { salt: w.salt() }
      const { args } = await w.calls.openWithAuthorization(o)
      const [payee, token, deposit, salt, authorizedSigner, from] = args
      const changed = { payee, token, deposit, salt, authorizedSigner, from, [field]: value() }
      const nonce = openNonce(changed)
      const attempt = (withNonce) => w.send(w.escrow, 'openWithAuthorization', [
        changed.payee, changed.token, changed.deposit, changed.salt, changed.authorizedSigner, from,
        args[6], args[7], withNonce, args[9],
      ], { from: w.relayer.address })
      if (field !== 'deposit') await assertRefused(attempt(args[8]), 'NonceMismatch')
      await assertRefused(attempt(nonce), 'InvalidAuthorization')
      await w.call('openWithAuthorization', o)
    })

    it(`openWithPermit2_frontRunnerSubstitutes_${field}_isRefused`, async () => {
      const { args } = await w.calls.openWithPermit2({})
      const i = ['payee', 'token', 'deposit', 'salt', 'authorizedSigner'].indexOf(field)
      const changed = args.with(i, value())
      await assertRefused(w.send(w.escrow, 'openWithPermit2', changed), 'InvalidSigner')
      await w.send(w.escrow, 'openWithPermit2', args)
    })
  }

  it('topUpWithAuthorization_redirectedToAnotherChannel_isRefused', async () => {
    const [mine, theirs] = [await channel(), await channel({ payee: w.relayer.address })]
    const { args } = await w.calls.topUpWithAuthorization(mine)
    const attempt = (nonce) =>
      w.send(w.escrow, 'topUpWithAuthorization', args.with(0, theirs.id).with(6, nonce))
    await assertRefused(attempt(args[6]), 'NonceMismatch')
    const nonce = topUpNonce(
      { channelId: theirs.id, additionalDeposit: args[1], from: args[2], topUpSalt: args[3] })
    await assertRefused(attempt(nonce), 'InvalidAuthorization')
  })

  it('topUpWithPermit2_redirectedToAnotherChannel_isRefused', async () => {
    const [mine, theirs] = [await channel(), await channel({ payee: w.relayer.address })]
    const { args } = await w.calls.topUpWithPermit2(mine)
    for (const changed of [args.with(0, theirs.id), args.with(1, 1n)]) {
      await assertRefused(w.send(w.escrow, 'topUpWithPermit2', changed), 'InvalidSigner')
    }
  })

  it('topUpWithAuthorization_replayed_isRefused', async () => {
    const { args } = await w.calls.topUpWithAuthorization(await channel())
    const send = () => w.send(w.escrow, 'topUpWithAuthorization', args)
    await send()
    await assertRefused(send(), 'AuthorizationAlreadyUsed')
  })

  it('topUpWithPermit2_replayed_isRefused', async () => {
    const { args } = await w.calls.topUpWithPermit2(await channel())
    const send = () => w.send(w.escrow, 'topUpWithPermit2', args)
    await send()
    await assertRefused(send(), 'InvalidNonce')
  })

  for (const name of RELAYED_OPENS) {
    it(`${name}_replayed_isRefused`, async () => {
      const { args } = await w.calls[name]({})
      await w.send(w.escrow, name, args)
      await assertRefused(w.send(w.escrow, name, args), 'ChannelAlreadyExists')
    })
  }

  it('openWithAuthorization_signatureTakenToTheToken_isRefused', async () => {
    const { args } = await w.calls.openWithAuthorization({})
    const [, , deposit, , , from, ...rest] = args
    const direct = w.send(w.token, 'receiveWithAuthorization',
      [from, w.escrow.address, deposit, ...rest], { from: w.relayer.address })
    await assertRefused(direct, 'CallerNotRecipient')
  })

  it('openWithPermit2_signatureTakenToPermit2_isRefused', async () => {
    const { args } = await w.calls.openWithPermit2({})
    const [, token, amount, , , from, nonce, deadline, signature] = args
    const permit = { permitted: { token, amount }, nonce, deadline }
    const details = { to: w.relayer.address, requestedAmount: amount }
    const direct = w.send({ address: CANONICAL_PERMIT2, abi: PERMIT2_ABI },
      'permitWitnessTransferFrom', [permit, details, from, w.salt(), 'x witness)', signature],
      { from: w.relayer.address })
    await assertRefused(direct, 'InvalidSigner')
  })

  it('openWithAuthorization_signedAsTransferInsteadOfReceive_isRefused', async () => {
    const [from, payee, token] = [w.payer, w.payee, w.token].map(({ address }) => address)
    const o = { from, payee, token, salt: w.salt(), authorizedSigner: zeroAddress }
    const message = {
      from, to: w.escrow.address, value: DEPOSIT, validAfter: 0n, validBefore: NEVER,
      nonce: openNonce(o),
    }
    const data = typed(tokenDomain(w.chainId, token), 'TransferWithAuthorization', message)
    const signature = await w.payer.signTypedData(data)
    const call = w.call('openWithAuthorization', { ...o, signature })
    await assertRefused(call, 'InvalidAuthorization')
  })

  for (const [field, value] of [
    ['chainId', () => 314], ['verifyingContract', () => w.token.address],
  ]) {
    it(`payeeAuthorization_signedForOther_${field}_isRefused`, async () => {
      const c = await channel()
      const message = { channelId: c.id, cumulativeAmount: HALF, nonce: 1n, deadline: NEVER }
      for (const kind of ['Settle', 'Close']) {
        const data = typed({ ...w.domain(), [field]: value() }, `${kind}Authorization`, message)
        const payeeSignature = await w.payee.signTypedData(data)
        const name = `${kind.toLowerCase()}WithAuthorization`
        const call = w.call(name, { ...c, nonce: 1n, payeeSignature })
        await assertRefused(call, 'InvalidSignature')
      }
    })
  }

  for (const [i, field] of ['channelId', 'cumulativeAmount', 'nonce', 'deadline'].entries()) {
    it(`payeeAuthorization_relayerChanges_${field}_isRefused`, async () => {
      const [c, other] = [await channel(), await channel()]
      const changed = [other.id, HALF - 1n, 99n, NEVER - 1n][i]
      for (const name of ['settleWithAuthorization', 'closeWithAuthorization']) {
        const { args } = await w.calls[name](c)
        const tampered = args.with(i, changed)
        tampered[5] = await w.voucher(tampered[0], tampered[1])
        await assertRefused(w.send(w.escrow, name, tampered), 'InvalidSignature')
      }
    })
  }

  it('payeeAuthorization_sentTwice_paysOnce', async () => {
    const { args } = await w.calls.settleWithAuthorization(await channel())
    await w.send(w.escrow, 'settleWithAuthorization', args)
    await assertRefused(w.send(w.escrow, 'settleWithAuthorization', args), 'NonceAlreadyUsed')
  })

  it('voucher_ofAnotherChainWithTheSameEscrowAddress_isRefused', async () => {
    const there = await createWorld({ chainId: 314159 })
    try {
      assert.equal(there.escrow.address, w.escrow.address)
      const salt = w.salt()
      const [here, elsewhere] = [await w.open({ salt }), await there.open({ salt })]
      assert.notEqual(here, elsewhere)
      const foreign = (id) => there.call('settle', { id, by: w.payer, amount: HALF })
      await assertRefused(foreign(here), 'ChannelNotFound')
      const domain = escrowDomain(w.chainId, w.escrow.address)
      const signature = await w.voucher(elsewhere, HALF, w.payer, domain)
      const replayed = there.call('settle', { id: elsewhere, amount: HALF, signature })
      await assertRefused(replayed, 'InvalidSignature')
    } finally {
      await there.stop()
    }
  })

  it('voucher_ofAnotherEscrowOnTheSameChain_isRefused', async () => {
    const id = await w.open()
    const other = await w.newEscrow()
    const signature = await w.voucher(id, HALF, w.payer, escrowDomain(w.chainId, other.address))
    await assertRefused(w.call('settle', { id, amount: HALF, signature }), 'InvalidSignature')
  })

  it('signer_delegatesItsAccountToCodeLater_cannotVoidItsVoucher', async () => {
    const c = await channel()
    const signature = await w.voucher(c.id, HALF)
    const code = w.contracts.TestWallet.deployedBytecode
    await w.chain.setCode({ address: w.payer.address, bytecode: code })
    await w.call('settle', { ...c, amount: HALF, signature })
    await w.chain.setCode({ address: w.payer.address, bytecode: '0x' })
  })

  it('contractWallet_rotatesItsKey_voidsItsVouchersAsTheDraftWarns', async () => {
    const c = await channel({ authorizedSigner: w.wallet.address })
    const signature = await w.voucher(c.id, HALF, w.signer)
    await w.send(w.wallet, 'setOwner', [w.other.address])
    await assertRefused(w.call('settle', { ...c, amount: HALF, signature }), 'InvalidSignature')
    await w.call('settle', { ...c, amount: HALF, by: w.other })
  })

  for (const name of [
    'open', 'openWithAuthorization', 'openWithPermit2', 'topUp', 'topUpWithAuthorization',
    'topUpWithPermit2', 'settle', 'settleWithAuthorization', 'settleMany', 'close',
    'closeWithAuthorization', 'withdraw',
  ]) {
    for (const inner of [
      'settleWithAuthorization', 'closeWithAuthorization', 'topUpWithAuthorization', 'open',
      'settleMany',
    ]) {
      it(`${name}_tokenReenters_${inner}_isLockedOut`, async () => {
        const token = w.reentrant.address
        const [c, victim] = [await channel({ token }), await channel({ token })]
        await w.call('requestClose', c)
        await w.passTime(GRACE_SECONDS)
        const { args } = await w.calls[inner]({ ...victim, token: w.token.address })
        await w.send(w.reentrant, 'arm', [w.escrow.address, encode(inner, args)])
        const pays = ['settle', 'close', 'withdraw'].some((prefix) => name.startsWith(prefix))
        const [moved] = await changes(w, w.reentrant, [w.escrow.address],
          () => w.call(name, { ...(name.startsWith('open') ? {} : c), token, amount: HALF }))
        assert.equal(moved < 0n, pays)
        await assertLockedOut(w, w.reentrant)
        assert.equal((await w.channel(victim.id)).finalized, false)
      })
    }
  }

  it('deposit_twoUint128Halves_cannotWrapAround', async () => {
    await w.send(w.token, 'mint', [w.payer.address, MAX_UINT128])
    const c = await channel({ deposit: MAX_UINT128 })
    await assertRefused(w.call('topUp', { ...c, amount: 1n }), 'DepositOverflow')
  })
})
