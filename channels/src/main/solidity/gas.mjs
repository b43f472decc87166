// Prints what each call costs, as a Markdown table, beside go-nitro's adjudicator.

import { zeroAddress } from 'viem'
import { createWorld, DEPOSIT, GRACE_SECONDS } from './test/world.mjs'

const w = await createWorld()
const native = { token: zeroAddress, native: true }
const used = async (receipt) => (await receipt).gasUsed
const forfeit = { amount: 0n, signature: '0x' }

const reopen = async (o = {}) => ({ ...o, id: await w.open(o) })
const settledOnce = async (o = {}) => {
  const c = await reopen(o)
  await w.call('settle', { ...c, amount: 1n })
  return { ...c, amount: 2n }
}
const graceOver = async (o = {}) => {
  const c = await reopen(o)
  await w.call('requestClose', c)
  await w.passTime(GRACE_SECONDS)
  return c
}

// What a busy escrow looks like: it already holds tokens and coin, and the payer has used Permit2.
for (let i = 0; i < 10; i++) await w.send(w.token, 'mint', [w.payer.address, 10n * DEPOSIT])
await w.open({ from: w.other.address })
await w.open({ from: w.other.address, token: zeroAddress })
await w.open({}, 'openWithPermit2')

// In order: the payee holds no tokens until its first settlement.
const rows = [
  ['open', async () => used(w.call('open')), async () => used(w.call('open', native))],
  ['open with delegated signer', async () => used(w.call('open', { authorizedSigner: w.signer.address })),
    async () => used(w.call('open', { ...native, authorizedSigner: w.signer.address }))],
  ['openWithAuthorization (EIP-3009)', async () => used(w.call('openWithAuthorization'))],
  ['openWithPermit2', async () => used(w.call('openWithPermit2'))],
  ['topUp', async () => used(w.call('topUp', await reopen())), async () => used(w.call('topUp', await reopen(native)))],
  ['topUpWithAuthorization', async () => used(w.call('topUpWithAuthorization', await reopen()))],
  ['topUpWithPermit2', async () => used(w.call('topUpWithPermit2', await reopen()))],
  ['settle, payee\'s first tokens', async () => used(w.call('settle', await reopen()))],
  ['settle, first of a channel', async () => used(w.call('settle', await reopen())), async () => used(w.call('settle', await reopen(native)))],
  ['settle, later', async () => used(w.call('settle', await settledOnce())), async () => used(w.call('settle', await settledOnce(native)))],
  ['settleWithAuthorization', async () => used(w.call('settleWithAuthorization', await reopen())), async () => used(w.call('settleWithAuthorization', await reopen(native)))],
  ['close, voucher and refund', async () => used(w.call('close', await reopen())), async () => used(w.call('close', await reopen(native)))],
  ['close, whole deposit spent', async () => used(w.call('close', { ...(await reopen()), amount: DEPOSIT })), async () => used(w.call('close', { ...(await reopen(native)), amount: DEPOSIT }))],
  ['close, claim forfeited', async () => used(w.call('close', { ...(await reopen()), ...forfeit })), async () => used(w.call('close', { ...(await reopen(native)), ...forfeit }))],
  ['closeWithAuthorization', async () => used(w.call('closeWithAuthorization', await reopen())), async () => used(w.call('closeWithAuthorization', await reopen(native)))],
  ['requestClose', async () => used(w.call('requestClose', await reopen())), async () => used(w.call('requestClose', await reopen(native)))],
  ['withdraw', async () => used(w.call('withdraw', await graceOver())), async () => used(w.call('withdraw', await graceOver(native)))],
]

const NITRO = {
  open: 'deposit 46,500',
  'close, voucher and refund': 'concludeAndTransferAllAssets 94,000',
  requestClose: 'challenge 161,000',
  withdraw: 'transferAllAssets 114,000',
}
const figure = async (measure) => (measure ? Number(await measure()).toLocaleString('en') : '')

try {
  console.log('| call | ERC-20 | native | go-nitro\'s nearest |')
  console.log('|---|---:|---:|---|')
  for (const [name, token, coin] of rows) {
    console.log(`| ${name} | ${await figure(token)} | ${await figure(coin)} | ${NITRO[name] ?? ''} |`)
  }
} finally {
  await w.stop()
}
