// Every row of the draft's error table, for every function it lists, and this escrow's own errors.

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { encodeFunctionData, padHex, zeroAddress } from 'viem'
import { CANONICAL_PERMIT2 } from '../typed.mjs'
import { assertRefused, useWorld } from './suite.mjs'
import { DEPOSIT, GRACE_SECONDS, MAX_UINT128, NEVER, testContracts } from './world.mjs'

const w = {}
const OPENS = ['open', 'openWithAuthorization', 'openWithPermit2']
const TOP_UPS = ['topUp', 'topUpWithAuthorization', 'topUpWithPermit2']
const SETTLES = ['settle', 'settleWithAuthorization']
const CLOSES = ['close', 'closeWithAuthorization']
const RELAYED = ['settleWithAuthorization', 'closeWithAuthorization']
const ON_CHANNEL = [...TOP_UPS, ...SETTLES, ...CLOSES, 'requestClose', 'withdraw']
const UNKNOWN = padHex('0xdead', { size: 32 })
const HALF = DEPOSIT / 2n

const channel = async (o) => ({ id: await w.open(o) })
const settled = async () => {
  const c = await channel()
  await w.call('settle', { ...c, amount: HALF })
  return c
}
const closed = async () => {
  const c = await channel()
  await w.call('close', { ...c, amount: HALF })
  return { ...c, amount: DEPOSIT }
}
const withdrawn = async () => {
  const c = await channel()
  await w.call('requestClose', c)
  await w.passTime(GRACE_SECONDS)
  await w.call('withdraw', c)
  return c
}
const nonceUsedBy = (name) => async () => {
  const c = { ...(await channel()), amount: 1n, nonce: 7n }
  await w.call(name, c)
  return { ...c, amount: 2n }
}
const reopened = (end) => async () => {
  const salt = w.salt()
  const id = await w.open({ salt })
  if (end) await w.call(end, { id, amount: HALF })
  return { salt }
}
const deadlinePassed = async () => ({ ...(await channel()), deadline: (await w.now()) - 1n })
const wallet = async () => w.deploy(w.contracts.TestWallet, [zeroAddress])
const highS = async () => {
  const c = { ...(await channel()), amount: HALF }
  return { ...c, signature: flipS(await w.voucher(c.id, c.amount)) }
}

/** The other signature that recovers to the same key: n - s, and v flipped. */
function flipS(signature) {
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = n - BigInt(`0x${signature.slice(66, 130)}`)
  const v = 55 - parseInt(signature.slice(130), 16)
  return signature.slice(0, 66) + s.toString(16).padStart(64, '0') + v.toString(16)
}

/** The 64-byte form of EIP-2098. */
function compact(signature) {
  const yParity = BigInt(parseInt(signature.slice(130), 16) - 27)
  const s = BigInt(`0x${signature.slice(66, 130)}`) | (yParity << 255n)
  return signature.slice(0, 66) + s.toString(16).padStart(64, '0')
}

const voucherAs = (change) => async () => {
  const c = { ...(await channel()), amount: HALF }
  return { ...c, signature: await change(await w.voucher(c.id, c.amount), c) }
}
const otherDomain = (field, value) => voucherAs(
  (_, c) => w.voucher(c.id, c.amount, w.payer, { ...w.domain(), [field]: value() }))

// [error, condition, functions, what the call is given]
const rows = [
  ['ChannelAlreadyExists', 'openChannel', OPENS, reopened()],
  ['ChannelAlreadyExists', 'closedChannel', OPENS, reopened('close')],
  ['ChannelNotFound', 'unknownChannel', ON_CHANNEL, async () => ({ id: UNKNOWN })],
  ['ChannelFinalized', 'closedChannel', ON_CHANNEL, closed],
  ['ChannelFinalized', 'withdrawnChannel', ON_CHANNEL, withdrawn],
  ['NotPayee', 'calledByPayer', ['settle', 'close'], async () => ({ ...(await channel()), sender: w.payer.address })],
  ['NotPayee', 'calledByRelayer', ['settle', 'close'], async () => ({ ...(await channel()), sender: w.relayer.address })],
  ['NotPayee', 'forfeitByStranger', ['close'], async () => ({ ...(await channel()), amount: 0n, signature: '0x', sender: w.other.address })],
  ['NotPayer', 'calledByPayee', ['topUp', 'requestClose', 'withdraw'], async () => ({ ...(await channel()), sender: w.payee.address })],
  ['NotPayer', 'calledBySigner', ['topUp', 'requestClose', 'withdraw'], async () => ({ ...(await channel({ authorizedSigner: w.signer.address })), sender: w.signer.address })],
  ['AmountNotIncreasing', 'zeroAmount', SETTLES, async () => ({ ...(await channel()), amount: 0n })],
  ['AmountNotIncreasing', 'amountEqualToSettled', SETTLES, async () => ({ ...(await settled()), amount: HALF })],
  ['AmountNotIncreasing', 'amountBelowSettled', SETTLES, async () => ({ ...(await settled()), amount: HALF - 1n })],
  ['AmountExceedsDeposit', 'oneAboveDeposit', [...SETTLES, ...CLOSES], async () => ({ ...(await channel()), amount: DEPOSIT + 1n })],
  ['AmountExceedsDeposit', 'greatestAmount', [...SETTLES, ...CLOSES], async () => ({ ...(await channel()), amount: MAX_UINT128 })],
  ['InvalidSignature', 'voucherByStranger', [...SETTLES, ...CLOSES], async () => ({ ...(await channel()), by: w.other })],
  ['InvalidSignature', 'voucherByPayerWhenDelegated', [...SETTLES, ...CLOSES], async () => channel({ authorizedSigner: w.signer.address })],
  ['InvalidSignature', 'voucherByPayee', [...SETTLES, ...CLOSES], async () => ({ ...(await channel()), by: w.payee })],
  ['InvalidSignature', 'voucherForOtherAmount', [...SETTLES, ...CLOSES], voucherAs((_, c) => w.voucher(c.id, c.amount - 1n))],
  ['InvalidSignature', 'voucherForOtherChannel', [...SETTLES, ...CLOSES], voucherAs((_, c) => w.voucher(UNKNOWN, c.amount))],
  ['InvalidSignature', 'voucherForOtherChain', [...SETTLES, ...CLOSES], otherDomain('chainId', () => 314)],
  ['InvalidSignature', 'voucherForOtherEscrow', [...SETTLES, ...CLOSES], otherDomain('verifyingContract', () => w.token.address)],
  ['InvalidSignature', 'voucherForOtherDomainName', [...SETTLES, ...CLOSES], otherDomain('name', () => 'Tempo Stream Channel')],
  ['InvalidSignature', 'highS', [...SETTLES, ...CLOSES], highS],
  ['InvalidSignature', 'compactSignature', [...SETTLES, ...CLOSES], voucherAs(compact)],
  ['InvalidSignature', 'vOfZeroOrOne', [...SETTLES, ...CLOSES], voucherAs((s) => s.slice(0, 130) + (parseInt(s.slice(130), 16) - 27).toString(16).padStart(2, '0'))],
  ['InvalidSignature', 'oneByteTooMany', [...SETTLES, ...CLOSES], voucherAs((s) => `${s}00`)],
  ['InvalidSignature', 'emptySignature', [...SETTLES, ...CLOSES], voucherAs(() => '0x')],
  ['InvalidSignature', 'zeroSignature', [...SETTLES, ...CLOSES], voucherAs(() => `0x${'00'.repeat(65)}`)],
  ['InvalidSignature', 'payeeAuthorizationByStranger', RELAYED, async () => ({ ...(await channel()), payeeBy: w.other })],
  ['InvalidSignature', 'payeeAuthorizationByPayer', RELAYED, async () => ({ ...(await channel()), payeeBy: w.payer })],
  ['InvalidSignature', 'payeeAuthorizationEmpty', RELAYED, async () => ({ ...(await channel()), payeeSignature: '0x' })],
  ['InvalidSignature', 'payeeAuthorizationEmptyOnForfeit', ['closeWithAuthorization'], async () => ({ ...(await channel()), amount: 0n, payeeSignature: '0x', signature: '0x' })],
  ['InvalidSignature', 'payeeAuthorizationHighS', RELAYED, async (name) => payeeSigned(name, flipS)],
  ['InvalidSignature', 'payeeAuthorizationOfOtherKind', RELAYED, async (name) => payeeSigned(name, (s) => s, true)],
  ['NonceMismatch', 'arbitraryNonce', ['openWithAuthorization'], async () => ({ nonce: UNKNOWN })],
  ['NonceMismatch', 'arbitraryNonce', ['topUpWithAuthorization'], async () => ({ ...(await channel()), nonce: UNKNOWN })],
  ['NonceAlreadyUsed', 'usedBySettle', RELAYED, nonceUsedBy('settleWithAuthorization')],
  ['AuthorizationExpired', 'deadlinePassed', RELAYED, deadlinePassed],
  ['CloseNotReady', 'closeNotRequested', ['withdraw'], channel],
  ['CloseNotReady', 'graceNotOver', ['withdraw'], async () => {
    const c = await channel()
    await w.call('requestClose', c)
    await w.passTime(GRACE_SECONDS - 2)
    return c
  }],
  ['ZeroDeposit', 'zeroAmount', OPENS, async () => ({ deposit: 0n })],
  ['ZeroDeposit', 'zeroAmount', TOP_UPS, async () => ({ ...(await channel()), amount: 0n })],
  ['DepositOverflow', 'sumAboveUint128', TOP_UPS, async () => ({ ...(await channel()), amount: MAX_UINT128 })],
  // This escrow's own.
  ['InvalidPayee', 'zeroPayee', OPENS, async () => ({ payee: zeroAddress })],
  ['InvalidPayee', 'payeeIsEscrow', OPENS, async () => ({ payee: w.escrow.address })],
  ['InvalidPayee', 'payeeIsMaskedFilecoinId', OPENS, async () => ({ payee: '0xff00000000000000000000000000000000000bc1' })],
  ['WrongNativeValue', 'coinWithTokenDeposit', ['open'], async () => ({ value: 1n })],
  ['WrongNativeValue', 'coinWithTokenDeposit', ['topUp'], async () => ({ ...(await channel()), value: 1n })],
  ['WrongNativeValue', 'coinMissing', ['open'], async () => ({ token: zeroAddress, value: 0n })],
  ['WrongNativeValue', 'coinBelowDeposit', ['open'], async () => ({ token: zeroAddress, value: DEPOSIT - 1n })],
  ['WrongNativeValue', 'coinAboveDeposit', ['open'], async () => ({ token: zeroAddress, value: DEPOSIT + 1n })],
  ['WrongNativeValue', 'coinBelowDeposit', ['topUp'], async () => ({ ...(await channel({ token: zeroAddress })), value: DEPOSIT - 1n })],
  ['NativeNotRelayable', 'nativeCoin', ['openWithAuthorization', 'openWithPermit2'], async () => ({ token: zeroAddress })],
  ['NativeNotRelayable', 'nativeCoin', ['topUpWithAuthorization', 'topUpWithPermit2'], async () => ({ ...(await channel({ token: zeroAddress })), token: zeroAddress })],
  ['DepositMismatch', 'feeOnTransfer', OPENS, async () => {
    await w.send(w.feeToken, 'setTakesFee', [true])
    return { token: w.feeToken.address }
  }],
  ['DepositMismatch', 'feeOnTransfer', TOP_UPS, async () => {
    const c = await channel({ token: w.feeToken.address })
    await w.send(w.feeToken, 'setTakesFee', [true])
    return { ...c, token: w.feeToken.address }
  }],
  ['SafeERC20FailedOperation', 'tokenSaysNo', ['open'], async () => ({ token: w.falseToken.address })],
  ['ERC20InsufficientAllowance', 'notApproved', ['open'], async () => ({ token: w.unapproved.address })],
  [null, 'tokenIsNoContract', OPENS, async () => ({ token: w.other.address })],
  ['InvalidAuthorization', 'authorizationByStranger', ['openWithAuthorization'], async () => ({ by: w.other })],
  ['AuthorizationExpired', 'authorizationTooOld', ['openWithAuthorization'], async () => ({ validBefore: 1n })],
]

async function payeeSigned(name, change, otherKind = false) {
  const c = { ...(await channel()), amount: HALF, nonce: 3n, deadline: NEVER }
  const kind = (name === 'settleWithAuthorization') !== otherKind ? 'Settle' : 'Close'
  const message = { channelId: c.id, cumulativeAmount: c.amount, nonce: c.nonce, deadline: c.deadline }
  return { ...c, payeeSignature: change(await w.authorization(kind, message)) }
}

describe('refusals', () => {
  useWorld(w, async () => {
    w.contracts = testContracts()
    w.feeToken = await w.fund(await w.deploy(w.contracts.FeeToken), w.payer.address)
    w.falseToken = await w.deploy(w.contracts.FalseToken)
    w.unapproved = await w.deploy(w.artifacts.TestToken)
  })

  for (const [error, condition, functions, given] of rows) {
    for (const name of functions) {
      it(`${name}_${condition}_${error ?? 'reverts'}`, async () => {
        await assertRefused(w.call(name, await given(name)), error)
      })
    }
  }

  it('closeAuthorization_nonceUsedByClose_channelIsFinal', async () => {
    const c = { ...(await channel()), amount: 1n, nonce: 9n }
    await w.call('closeWithAuthorization', c)
    assert.equal(await w.read(w.escrow, 'isNonceUsed', [c.id, 9n]), true)
    await assertRefused(w.call('closeWithAuthorization', c), 'ChannelFinalized')
  })

  it('open_depositAboveUint128_isNotEvenDecoded', async () => {
    const c = await w.calls.open({ deposit: 0n })
    const data = encodeFunctionData({ abi: w.escrow.abi, functionName: 'open', args: c.args })
    const wide = data.slice(0, 10 + 128) + padHex(`0x${(2n ** 128n).toString(16)}`).slice(2) + data.slice(10 + 192)
    await assert.rejects(w.chain.call({ to: w.escrow.address, data: wide, account: w.payer.address }), /revert/)
  })

  it('settleAuthorization_deadlineIsNow_isAccepted', async () => {
    const c = await channel()
    const deadline = (await w.now()) + 100n
    const prepared = await w.calls.settleWithAuthorization({ ...c, deadline })
    await w.chain.setNextBlockTimestamp({ timestamp: deadline })
    await w.send(w.escrow, 'settleWithAuthorization', prepared.args, { from: prepared.from })
    assert.equal((await w.channel(c.id)).settled, HALF)
  })

  it('deploy_graceBelowTenMinutes_GracePeriodTooShort', async () => {
    await assertRefused(w.newEscrow('EVM Payment Channel', 599), 'GracePeriodTooShort')
    const escrow = await w.newEscrow('EVM Payment Channel', 600)
    assert.equal(await w.read(escrow, 'CLOSE_GRACE_PERIOD'), 600n)
  })

  it('openWithPermit2_deployedWithoutPermit2_Permit2NotConfigured', async () => {
    const bare = await w.newEscrow('EVM Payment Channel', 900, zeroAddress)
    const { args, from } = await w.calls.openWithPermit2()
    await assertRefused(w.send(bare, 'openWithPermit2', args, { from }), 'Permit2NotConfigured')
    assert.equal(await w.read(w.escrow, 'PERMIT2'), CANONICAL_PERMIT2)
  })

  it('claim_nothingOwed_NothingOwed', async () => {
    await assertRefused(w.send(w.escrow, 'claim', [w.payer.address]), 'NothingOwed')
  })

  it('escrow_coinSentPlainly_reverts', async () => {
    const sent = w.chain.sendTransaction({ account: w.payer.address, to: w.escrow.address, value: 1n })
    await assertRefused(w.mined(sent), null)
  })
})
