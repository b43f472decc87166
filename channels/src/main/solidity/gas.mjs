// Prints what each call costs, beside go-nitro's adjudicator, and what each settlement of a batch
// does, as Markdown tables.

import { zeroAddress } from 'viem'
import { createWorld, DEPOSIT, GRACE_SECONDS } from './test/world.mjs'

const w = await createWorld()
const native = { token: zeroAddress, native: true }
const both = [{}, native]

const reopen = async (o) => ({ ...o, id: await w.open(o) })
const settledOnce = async (o) => {
  const c = await reopen(o)
  await w.call('settle', { ...c, amount: 1n })
  return { ...c, amount: 2n }
}
const graceOver = async (o) => {
  const c = await reopen(o)
  await w.call('requestClose', c)
  await w.passTime(GRACE_SECONDS)
  return c
}
const spent = async (o) => ({ ...(await reopen(o)), amount: DEPOSIT })
const forfeit = async (o) => ({ ...(await reopen(o)), amount: 0n, signature: '0x' })
const asIs = async (o) => o
const delegated = async (o) => ({ ...o, authorizedSigner: w.signer.address })

// What a busy escrow looks like: it already holds tokens and coin, and the payer has used Permit2.
await w.send(w.token, 'mint', [w.payer.address, 1_000n * DEPOSIT])
await w.open({ from: w.other.address })
await w.open({ from: w.other.address, token: zeroAddress })
await w.open({}, 'openWithPermit2')

// [title, function, what it is given, in which assets]. The payee holds no tokens at first.
const rows = [
  ['open', 'open', asIs, both],
  ['open with delegated signer', 'open', delegated, both],
  ['openWithAuthorization (EIP-3009)', 'openWithAuthorization', asIs, [{}]],
  ['openWithPermit2', 'openWithPermit2', asIs, [{}]],
  ['topUp', 'topUp', reopen, both],
  ['topUpWithAuthorization', 'topUpWithAuthorization', reopen, [{}]],
  ['topUpWithPermit2', 'topUpWithPermit2', reopen, [{}]],
  ['settle, payee\'s first tokens', 'settle', reopen, [{}]],
  ['settle, first of a channel', 'settle', reopen, both],
  ['settle, later', 'settle', settledOnce, both],
  ['settleWithAuthorization', 'settleWithAuthorization', reopen, both],
  ['close, voucher and refund', 'close', reopen, both],
  ['close, whole deposit spent', 'close', spent, both],
  ['close, claim forfeited', 'close', forfeit, both],
  ['closeWithAuthorization', 'closeWithAuthorization', reopen, both],
  ['requestClose', 'requestClose', reopen, both],
  ['withdraw', 'withdraw', graceOver, both],
]

const NITRO = {
  open: 'deposit 46,500',
  'close, voucher and refund': 'concludeAndTransferAllAssets 94,000',
  requestClose: 'challenge 161,000',
  withdraw: 'transferAllAssets 114,000',
}
const figure = async (name, given, asset) => {
  if (!asset) return ''
  const { gasUsed } = await w.call(name, await given(asset))
  return Number(gasUsed).toLocaleString('en')
}

// ---- Batches ----

const SIZES = [1, 2, 8, 32]
// [title, in which asset, whether the channels have been settled before, whether the payee holds
// tokens]. A payee that holds none pays for a fresh slot of storage once.
const batches = [
  ['ERC-20', {}, true, true],
  ['ERC-20, first of each channel', {}, false, true],
  ['ERC-20, payee\'s first tokens', {}, false, false],
  ['native', native, true, true],
]

const several = async (size, asset, settled) => {
  const opened = []
  while (opened.length < size) opened.push(await (settled ? settledOnce(asset) : reopen(asset)))
  return opened
}
const emptyPayee = async () => {
  const held = await w.balance(w.token, w.payee.address)
  const away = [w.other.address, held]
  if (held) await w.send(w.token, 'transfer', away, { from: w.payee.address })
}
const each = (gas, size) => Math.round(Number(gas) / size).toLocaleString('en')

/** Gas for each of `size` settlements: one transaction for all of them, or one for each. */
async function perSettlement(size, [, asset, settled, funded], inOne) {
  const items = await several(size, asset, settled)
  if (!funded) await emptyPayee()
  if (inOne) {
    const token = asset.token ?? w.token.address
    return each((await w.call('settleMany', { items, token })).gasUsed, size)
  }
  let gas = 0n
  for (const item of items) gas += (await w.call('settle', item)).gasUsed
  return each(gas, size)
}

async function printBatches() {
  console.log(`\n| settlements in one transaction | how | ${SIZES.join(' | ')} |`)
  console.log(`|---|---|${'---:|'.repeat(SIZES.length)}`)
  for (const row of batches) {
    for (const [how, inOne] of [['`settle`, one by one', false], ['`settleMany`', true]]) {
      const cells = []
      for (const size of SIZES) cells.push(await perSettlement(size, row, inOne))
      console.log(`| ${row[0]} | ${how} | ${cells.join(' | ')} |`)
    }
  }
}

try {
  console.log('| call | ERC-20 | native | go-nitro\'s nearest |')
  console.log('|---|---:|---:|---|')
  for (const [title, name, given, [token, coin]] of rows) {
    const cells = [await figure(name, given, token), await figure(name, given, coin)]
    console.log(`| ${title} | ${cells.join(' | ')} | ${NITRO[title] ?? ''} |`)
  }
  await printBatches()
} finally {
  await w.stop()
}
