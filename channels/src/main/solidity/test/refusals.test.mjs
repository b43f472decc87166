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
const REDEEMS = [...SETTLES, ...CLOSES]
const PAYEE_ONLY = ['settle', 'close']
const PAYER_ONLY = ['topUp', 'requestClose', 'withdraw']
const RELAYED = ['settleWithAuthorization', 'closeWithAuthorization']
const ON_CHANNEL = [...TOP_UPS, ...REDEEMS, 'requestClose', 'withdraw']
const UNKNOWN = padHex('0xdead', { size: 32 })
const MASKED_ID = '0xff00000000000000000000000000000000000bc1'
const HALF = DEPOSIT / 2n

const channel = async (o) => ({ id: await w.open(o) })
/** Gives the call a fresh channel, and what `more` says besides; the world is not there before. */
const on = (more) => async () => ({ ...(await channel()), ...more() })
const onNative = (more) => async () =>
  ({ ...(await channel({ token: zeroAddress })), token: zeroAddress, ...more() })
const onDelegated = (more) => async () =>
  ({ ...(await channel({ authorizedSigner: w.signer.address })), ...more() })

const settled = (amount) => async () => {
  const c = await channel()
  await w.call('settle', { ...c, amount: HALF })
  return { ...c, amount }
}
const closed = async () => {
  const c = await channel()
  await w.call('close', { ...c, amount: HALF })
  return { ...c, amount: DEPOSIT }
}
const closing = (seconds) => async () => {
  const c = await channel()
  await w.call('requestClose', c)
  await w.passTime(seconds)
  return c
}
const withdrawn = async () => {
  const c = await closing(GRACE_SECONDS)()
  await w.call('withdraw', c)
  return c
}
const nonceUsed = async () => {
  const c = { ...(await channel()), amount: 1n, nonce: 7n }
  await w.call('settleWithAuthorization', c)
  return { ...c, amount: 2n }
}
const reopened = (end) => async () => {
  const salt = w.salt()
  const id = await w.open({ salt })
  if (end) await w.call(end, { id, amount: HALF })
  return { salt }
}
const deadlinePassed = async () => ({ ...(await channel()), deadline: (await w.now()) - 1n })
const feeOnOpen = async () => {
  await w.send(w.feeToken, 'setTakesFee', [true])
  return { token: w.feeToken.address }
}
const feeOnTopUp = async () => {
  const token = w.feeToken.address
  return { ...(await channel({ token })), ...(await feeOnOpen()) }
}

const hex64 = (value) => value.toString(16).padStart(64, '0')
const vOf = (signature) => parseInt(signature.slice(130), 16)
const withV = (signature, v) => signature.slice(0, 130) + v.toString(16).padStart(2, '0')
/** The other signature that recovers to the same key: n - s, and v flipped. */
function flipS(signature) {
  const n = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
  const s = n - BigInt(`0x${signature.slice(66, 130)}`)
  return withV(signature.slice(0, 66) + hex64(s), 55 - vOf(signature))
}
/** The 64-byte form of EIP-2098. */
function compact(signature) {
  const s = BigInt(`0x${signature.slice(66, 130)}`) | (BigInt(vOf(signature) - 27) << 255n)
  return signature.slice(0, 66) + hex64(s)
}

const voucherAs = (change) => async () => {
  const c = { ...(await channel()), amount: HALF }
  return { ...c, signature: await change(await w.voucher(c.id, c.amount), c) }
}
const otherDomain = (change) =>
  voucherAs((_, c) => w.voucher(c.id, c.amount, w.payer, { ...w.domain(), ...change() }))
const payeeAs = (change, otherKind = false) => async (name) => {
  const c = { ...(await channel()), amount: HALF, nonce: 3n, deadline: NEVER }
  const kind = (name === 'settleWithAuthorization') !== otherKind ? 'Settle' : 'Close'
  const { id: channelId, amount: cumulativeAmount, nonce, deadline } = c
  const message = { channelId, cumulativeAmount, nonce, deadline }
  return { ...c, payeeSignature: change(await w.authorization(kind, message)) }
}

// [error, condition, functions, what the call is given]
const rows = [
  ['ChannelAlreadyExists', 'openChannel', OPENS, reopened()],
  ['ChannelAlreadyExists', 'closedChannel', OPENS, reopened('close')],
  ['ChannelNotFound', 'unknownChannel', ON_CHANNEL, async () => ({ id: UNKNOWN })],
  ['ChannelFinalized', 'closedChannel', ON_CHANNEL, closed],
  ['ChannelFinalized', 'withdrawnChannel', ON_CHANNEL, withdrawn],
  ['NotPayee', 'calledByPayer', PAYEE_ONLY, on(() => ({ sender: w.payer.address }))],
  ['NotPayee', 'calledByRelayer', PAYEE_ONLY, on(() => ({ sender: w.relayer.address }))],
  ['NotPayee', 'forfeitByStranger', ['close'],
    on(() => ({ amount: 0n, signature: '0x', sender: w.other.address }))],
  ['NotPayer', 'calledByPayee', PAYER_ONLY, on(() => ({ sender: w.payee.address }))],
  ['NotPayer', 'calledBySigner', PAYER_ONLY, onDelegated(() => ({ sender: w.signer.address }))],
  ['AmountNotIncreasing', 'zeroAmount', SETTLES, on(() => ({ amount: 0n }))],
  ['AmountNotIncreasing', 'amountEqualToSettled', SETTLES, settled(HALF)],
  ['AmountNotIncreasing', 'amountBelowSettled', SETTLES, settled(HALF - 1n)],
  ['AmountExceedsDeposit', 'oneAboveDeposit', REDEEMS, on(() => ({ amount: DEPOSIT + 1n }))],
  ['AmountExceedsDeposit', 'greatestAmount', REDEEMS, on(() => ({ amount: MAX_UINT128 }))],
  ['InvalidSignature', 'voucherByStranger', REDEEMS, on(() => ({ by: w.other }))],
  ['InvalidSignature', 'voucherByPayee', REDEEMS, on(() => ({ by: w.payee }))],
  ['InvalidSignature', 'voucherByPayerWhenDelegated', REDEEMS, onDelegated(() => ({}))],
  ['InvalidSignature', 'voucherForOtherAmount', REDEEMS,
    voucherAs((_, c) => w.voucher(c.id, c.amount - 1n))],
  ['InvalidSignature', 'voucherForOtherChannel', REDEEMS,
    voucherAs((_, c) => w.voucher(UNKNOWN, c.amount))],
  ['InvalidSignature', 'voucherForOtherChain', REDEEMS, otherDomain(() => ({ chainId: 314 }))],
  ['InvalidSignature', 'voucherForOtherEscrow', REDEEMS,
    otherDomain(() => ({ verifyingContract: w.token.address }))],
  ['InvalidSignature', 'voucherForOtherDomainName', REDEEMS,
    otherDomain(() => ({ name: 'Tempo Stream Channel' }))],
  ['InvalidSignature', 'voucherHighS', REDEEMS, voucherAs(flipS)],
  ['InvalidSignature', 'voucherCompact', REDEEMS, voucherAs(compact)],
  ['InvalidSignature', 'voucherVZeroOrOne', REDEEMS, voucherAs((s) => withV(s, vOf(s) - 27))],
  ['InvalidSignature', 'voucherOneByteTooLong', REDEEMS, voucherAs((s) => `${s}00`)],
  ['InvalidSignature', 'voucherEmpty', REDEEMS, voucherAs(() => '0x')],
  ['InvalidSignature', 'voucherAllZero', REDEEMS, voucherAs(() => `0x${'00'.repeat(65)}`)],
  ['InvalidSignature', 'payeeAuthorizationByStranger', RELAYED, on(() => ({ payeeBy: w.other }))],
  ['InvalidSignature', 'payeeAuthorizationByPayer', RELAYED, on(() => ({ payeeBy: w.payer }))],
  ['InvalidSignature', 'payeeAuthorizationEmpty', RELAYED, payeeAs(() => '0x')],
  ['InvalidSignature', 'payeeAuthorizationHighS', RELAYED, payeeAs(flipS)],
  ['InvalidSignature', 'payeeAuthorizationOfOtherKind', RELAYED, payeeAs((s) => s, true)],
  ['InvalidSignature', 'payeeAuthorizationEmptyOnForfeit', ['closeWithAuthorization'],
    on(() => ({ amount: 0n, payeeSignature: '0x', signature: '0x' }))],
  ['NonceMismatch', 'arbitraryNonce', ['openWithAuthorization'], async () => ({ nonce: UNKNOWN })],
  ['NonceMismatch', 'arbitraryNonce', ['topUpWithAuthorization'], on(() => ({ nonce: UNKNOWN }))],
  ['NonceAlreadyUsed', 'usedBySettle', RELAYED, nonceUsed],
  ['AuthorizationExpired', 'deadlinePassed', RELAYED, deadlinePassed],
  ['CloseNotReady', 'closeNotRequested', ['withdraw'], channel],
  ['CloseNotReady', 'graceNotOver', ['withdraw'], closing(GRACE_SECONDS - 2)],
  ['ZeroDeposit', 'zeroAmount', OPENS, async () => ({ deposit: 0n })],
  ['ZeroDeposit', 'zeroAmount', TOP_UPS, on(() => ({ amount: 0n }))],
  ['DepositOverflow', 'sumAboveUint128', TOP_UPS, on(() => ({ amount: MAX_UINT128 }))],
  // This escrow's own.
  ['InvalidPayee', 'zeroPayee', OPENS, async () => ({ payee: zeroAddress })],
  ['InvalidPayee', 'payeeIsEscrow', OPENS, async () => ({ payee: w.escrow.address })],
  ['InvalidPayee', 'payeeIsMaskedFilecoinId', OPENS, async () => ({ payee: MASKED_ID })],
  ['WrongNativeValue', 'coinWithTokenDeposit', ['open'], async () => ({ value: 1n })],
  ['WrongNativeValue', 'coinWithTokenDeposit', ['topUp'], on(() => ({ value: 1n }))],
  ...[0n, DEPOSIT - 1n, DEPOSIT + 1n].flatMap((value) => [
    ['WrongNativeValue', `coin${value}`, ['open'], async () => ({ token: zeroAddress, value })],
    ['WrongNativeValue', `coin${value}`, ['topUp'], onNative(() => ({ value }))],
  ]),
  ['NativeNotRelayable', 'nativeCoin', OPENS.slice(1), async () => ({ token: zeroAddress })],
  ['NativeNotRelayable', 'nativeCoin', TOP_UPS.slice(1), onNative(() => ({}))],
  ['DepositMismatch', 'feeOnTransfer', OPENS, feeOnOpen],
  ['DepositMismatch', 'feeOnTransfer', TOP_UPS, feeOnTopUp],
  ['SafeERC20FailedOperation', 'tokenSaysNo', ['open'],
    async () => ({ token: w.falseToken.address })],
  ['ERC20InsufficientAllowance', 'notApproved', ['open'],
    async () => ({ token: w.unapproved.address })],
  [null, 'tokenIsNoContract', OPENS, async () => ({ token: w.other.address })],
  ['InvalidAuthorization', 'byStranger', ['openWithAuthorization'], async () => ({ by: w.other })],
  ['AuthorizationExpired', 'tooOld', ['openWithAuthorization'], async () => ({ validBefore: 1n })],
]

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
    const wide = data.slice(0, 10 + 128) + hex64(2n ** 128n) + data.slice(10 + 192)
    const sent = w.chain.sendTransaction(
      { account: w.payer.address, to: w.escrow.address, data: wide })
    await assertRefused(w.mined(sent), null)
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
    await assertRefused(w.newEscrow({ grace: 599 }), 'GracePeriodTooShort')
    const escrow = await w.newEscrow({ grace: 600 })
    assert.equal(await w.read(escrow, 'CLOSE_GRACE_PERIOD'), 600n)
  })

  it('openWithPermit2_deployedWithoutPermit2_Permit2NotConfigured', async () => {
    const bare = await w.newEscrow({ permit2: zeroAddress })
    const { args, from } = await w.calls.openWithPermit2()
    await assertRefused(w.send(bare, 'openWithPermit2', args, { from }), 'Permit2NotConfigured')
    assert.equal(await w.read(w.escrow, 'PERMIT2'), CANONICAL_PERMIT2)
  })

  it('claim_nothingOwed_NothingOwed', async () => {
    await assertRefused(w.send(w.escrow, 'claim', [w.payer.address]), 'NothingOwed')
  })

  it('escrow_coinSentPlainly_reverts', async () => {
    const sent = w.chain.sendTransaction(
      { account: w.payer.address, to: w.escrow.address, value: 1n })
    await assertRefused(w.mined(sent), null)
  })
})
