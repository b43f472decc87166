// A local chain with the escrow, a token and Permit2, and builders for every call of the escrow.

import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import {
  ContractFunctionRevertedError, createTestClient, encodeDeployData, getAddress, http, padHex,
  parseEventLogs, parseSignature, publicActions, toHex, walletActions, zeroAddress,
} from 'viem'
import { mnemonicToAccount } from 'viem/accounts'
import { compile, loadArtifact } from '../compile.mjs'
import * as signing from '../typed.mjs'

const require = createRequire(import.meta.url)
const WAIT_MILLIS = 20_000
const GAS = 5_000_000n
export const GRACE_SECONDS = 900
export const DEPOSIT = 1_000_000n
export const MAX_UINT128 = 2n ** 128n - 1n
export const NEVER = 2n ** 48n

/** The i-th of anvil's well-known development accounts. */
const MNEMONIC = `${'test '.repeat(11)}junk`
const account = (i) => mnemonicToAccount(MNEMONIC, { addressIndex: i })

function anvilBinary() {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch]
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return require.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil${suffix}`)
}

const freePort = () => new Promise((resolve, reject) => {
  const server = createServer().once('error', reject).listen(0, '127.0.0.1', () => {
    const { port } = server.address()
    server.close(() => resolve(port))
  })
})

/** Starts anvil on a free port; resolves to a client whose stop() ends exactly that process. */
export async function startChain({ chainId = 31337, network } = {}) {
  const port = await freePort()
  // No fees: they would blur what the tests say about native coin.
  const free = ['--block-base-fee-per-gas', 0, '--gas-price', 0]
  const args = ['--port', port, '--chain-id', chainId, '--silent', '--accounts', 10, ...free]
  if (network) args.push('--network', network)
  const child = spawn(anvilBinary(), args, { stdio: 'ignore' })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  process.once('exit', () => child.kill())
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1))
  const chain = {
    id: chainId, name: 'local', rpcUrls: {},
    nativeCurrency: { name: 'Coin', symbol: 'C', decimals: 18 },
  }
  const client = createTestClient({
    mode: 'anvil', chain, pollingInterval: 5, cacheTime: 0,
    transport: http(`http://127.0.0.1:${port}`, { retryCount: 0 }),
  }).extend(publicActions).extend(walletActions)
  const stop = async () => {
    child.kill()
    await exited
  }
  for (const start = Date.now(); ;) {
    if (await client.getChainId().catch(() => false)) return Object.assign(client, { stop })
    if (child.exitCode !== null) throw new Error(`anvil exited with ${child.exitCode}`)
    if (Date.now() - start > WAIT_MILLIS) throw new Error('anvil does not answer')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}

/**
 * The canonical Permit2's code. Anvil carries it in the genesis of its Tempo network. The domain
 * separator in it may be another chain's; Permit2 then computes its own, as it does after a fork.
 */
export async function permit2Code() {
  const chain = await startChain({ network: 'tempo' })
  try {
    const code = await chain.getCode({ address: signing.CANONICAL_PERMIT2 })
    if (!code) throw new Error('this anvil has no Permit2')
    return code
  } finally {
    await chain.stop()
  }
}

export const testContracts = () => compile(['test/TestContracts'], { viaIR: false })

export async function createWorld({ chainId = 31337 } = {}) {
  const chain = await startChain({ chainId })
  const [payer, payee, signer, relayer, other] = [0, 1, 2, 3, 4].map(account)
  const artifacts = Object.fromEntries(
    ['TollstreamEscrow', 'TestToken'].map((name) => [name, loadArtifact(name)]))
  const errors = []

  // Gas given saves an estimate per call. That no two transactions have the same makes their hashes
  // unique: a test that repeats another's calls after a revert must not wait for the old ones.
  let calls = 0n
  const gas = () => GAS + ++calls

  /** Asks until there is one: viem's own wait asks per block, and none follows on this chain. */
  const receiptOf = async (hash) => {
    for (const start = Date.now(); Date.now() - start < WAIT_MILLIS;) {
      const receipt = await chain.getTransactionReceipt({ hash }).catch(() => null)
      if (receipt) return receipt
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    throw new Error(`${hash} is not getting mined`)
  }

  /** The receipt of a transaction, or the reason why it reverted, as the chain traced it. */
  const mined = async (sent) => {
    const hash = await sent
    const receipt = await receiptOf(hash)
    if (receipt.status === 'success') return receipt
    const trace = await chain.request({
      method: 'debug_traceTransaction', params: [hash, { tracer: 'callTracer' }],
    })
    const data = trace.output ?? '0x'
    throw new ContractFunctionRevertedError({ abi: errors, data, functionName: hash })
  }

  const deploy = async (artifact, args = []) => {
    const data = encodeDeployData({ abi: artifact.abi, bytecode: artifact.bytecode, args })
    errors.push(...artifact.abi.filter((item) => item.type === 'error'))
    const sent = chain.sendTransaction({ account: payer.address, data, gas: gas() })
    const { contractAddress } = await mined(sent)
    return { address: getAddress(contractAddress), abi: artifact.abi }
  }

  /** Sends a transaction; resolves to its receipt, with the escrow's events decoded, or throws. */
  const send = async (contract, functionName, args, { from = payer.address, value } = {}) => {
    const call = { ...contract, functionName, args, value, account: from, gas: gas() }
    const receipt = await mined(chain.writeContract(call))
    return { ...receipt, events: parseEventLogs({ abi: escrow.abi, logs: receipt.logs }) }
  }
  const read = (contract, functionName, args = []) =>
    chain.readContract({ address: contract.address, abi: contract.abi, functionName, args })

  const newEscrow = ({
    name = signing.DEFAULT_DOMAIN, grace = GRACE_SECONDS, permit2 = signing.CANONICAL_PERMIT2,
  } = {}) => deploy(artifacts.TollstreamEscrow, [name, grace, permit2])
  const escrow = await newEscrow()
  const fund = async (token, ...holders) => {
    for (const holder of holders) {
      await send(token, 'mint', [holder, 10n * DEPOSIT])
      await send(token, 'approve', [escrow.address, MAX_UINT128], { from: holder })
      await send(token, 'approve', [signing.CANONICAL_PERMIT2, MAX_UINT128], { from: holder })
    }
    return token
  }
  const token = await fund(await deploy(artifacts.TestToken), payer.address, other.address)
  await chain.setCode({ address: signing.CANONICAL_PERMIT2, bytecode: await permit2Code() })

  const now = async () => (await chain.getBlock()).timestamp
  const passTime = async (seconds) => {
    await chain.increaseTime({ seconds })
    await chain.mine({ blocks: 1 })
  }
  const balance = (asset, holder) =>
    asset.address === zeroAddress
      ? chain.getBalance({ address: holder })
      : read(asset, 'balanceOf', [holder])
  const channel = (id) => read(escrow, 'getChannel', [id])

  /** The escrow holds what somebody can still take out of it, and nothing that nobody can. */
  const assertSolvent = async () => {
    const logs = await chain.getContractEvents({ ...escrow, fromBlock: 0n })
    const due = new Map()
    const add = (asset, amount) => due.set(asset, (due.get(asset) ?? 0n) + amount)
    for (const { args } of logs.filter((log) => log.eventName === 'ChannelOpened')) {
      const { token: asset, deposit, settled, finalized } = await channel(args.channelId)
      add(asset, finalized ? 0n : deposit - settled)
    }
    const deferred = logs.filter((log) => log.eventName === 'PaymentDeferred')
    for (const holder of new Set(deferred.map((log) => log.args.account))) {
      add(zeroAddress, await read(escrow, 'owed', [holder]))
    }
    for (const [address, amount] of due) {
      const held = await balance({ address, abi: token.abi }, escrow.address)
      if (held !== amount) throw new Error(`holds ${held} of ${address}, owes ${amount}`)
    }
  }

  const w = {
    chain, chainId, artifacts, escrow, token, native: { address: zeroAddress },
    payer, payee, signer, relayer, other, deploy, receiptOf, mined, newEscrow, fund, send, read,
    now, passTime, balance, channel, assertSolvent, stop: chain.stop,
  }
  return Object.assign(w, builders(w))
}

/** Builds valid calls; whatever a test passes replaces the valid value. */
function builders(w) {
  const relayer = w.relayer.address
  let salts = 0
  let nonces = 0n
  const salt = () => padHex(toHex(++salts), { size: 32 })
  const domain = () => signing.escrowDomain(w.chainId, w.escrow.address)

  const voucher = (channelId, cumulativeAmount, by = w.payer, at = domain()) =>
    by.signTypedData(signing.typed(at, 'Voucher', { channelId, cumulativeAmount }))
  const authorization = (kind, message, by = w.payee) =>
    by.signTypedData(signing.typed(domain(), `${kind}Authorization`, message))
  const receive = (token, message, by = w.payer) =>
    by.signTypedData(signing.typed(
      signing.tokenDomain(w.chainId, token), 'ReceiveWithAuthorization',
      { to: w.escrow.address, validAfter: 0n, validBefore: NEVER, ...message }))
  const permit = (witnessType, token, amount, nonce, witness, by = w.payer, deadline = NEVER) =>
    by.signTypedData(signing.permit2Typed(w.chainId, signing.CANONICAL_PERMIT2, witnessType, {
      permitted: { token, amount }, spender: w.escrow.address, nonce, deadline, witness,
    }))

  const opening = (o) => ({
    payee: w.payee.address, token: w.token.address, deposit: DEPOSIT, salt: salt(),
    authorizedSigner: zeroAddress, from: w.payer.address, ...o,
  })
  const funding = () => ({ amount: DEPOSIT, from: w.payer.address, token: w.token.address })
  const openingArgs = (c) => [c.payee, c.token, c.deposit, c.salt, c.authorizedSigner]
  const relayed = (kind) => async (o) => {
    const { id, amount, nonce, deadline, ...c } =
      { amount: DEPOSIT / 2n, nonce: ++nonces, deadline: NEVER, ...o }
    const message = { channelId: id, cumulativeAmount: amount, nonce, deadline }
    const payeeSignature = c.payeeSignature ?? (await authorization(kind, message, c.payeeBy))
    const signature = c.signature ?? (await voucher(id, amount, c.by))
    return { args: [id, amount, nonce, deadline, payeeSignature, signature], from: relayer }
  }
  const payeeCall = async (o) => {
    const c = { amount: DEPOSIT / 2n, ...o }
    const signature = c.signature ?? (await voucher(c.id, c.amount, c.by))
    return { args: [c.id, c.amount, signature], from: w.payee.address }
  }

  /** A voucher as an item of settleMany. */
  const settlement = async (o) => {
    const c = { amount: DEPOSIT / 2n, ...o }
    const { v, r, s } = parseSignature(c.signature ?? (await voucher(c.id, c.amount, c.by)))
    return { channelId: c.id, cumulativeAmount: c.amount, v: Number(v), r, s }
  }

  const calls = {
    open: async (o) => {
      const c = opening(o)
      return { args: openingArgs(c), from: c.from, value: c.token === zeroAddress ? c.deposit : 0n }
    },
    openWithAuthorization: async (o) => {
      const c = opening(o)
      const nonce = c.nonce ?? signing.openNonce(c)
      const message = { from: c.from, value: c.deposit, nonce }
      const signature = c.signature ?? (await receive(c.token, message, c.by))
      const until = c.validBefore ?? NEVER
      return { args: [...openingArgs(c), c.from, 0n, until, nonce, signature], from: relayer }
    },
    openWithPermit2: async (o) => {
      const c = { nonce: ++nonces, ...opening(o) }
      const { payee, authorizedSigner } = c
      const witness = { payee, salt: c.salt, authorizedSigner }
      const signature =
        await permit('ChannelOpenWitness', c.token, c.deposit, c.nonce, witness, c.by)
      return { args: [...openingArgs(c), c.from, c.nonce, NEVER, signature], from: relayer }
    },
    topUp: async (o) => {
      const c = { amount: DEPOSIT, ...o }
      return { args: [c.id, c.amount], from: w.payer.address, value: c.native ? c.amount : 0n }
    },
    topUpWithAuthorization: async (o) => {
      const c = { ...funding(), topUpSalt: salt(), ...o }
      const nonce = c.nonce ?? signing.topUpNonce(
        { channelId: c.id, additionalDeposit: c.amount, from: c.from, topUpSalt: c.topUpSalt })
      const signature = await receive(c.token, { from: c.from, value: c.amount, nonce }, c.by)
      const args = [c.id, c.amount, c.from, c.topUpSalt, 0n, NEVER, nonce, signature]
      return { args, from: relayer }
    },
    topUpWithPermit2: async (o) => {
      const c = { ...funding(), nonce: ++nonces, ...o }
      const witness = { channelId: c.id }
      const signature =
        await permit('ChannelTopUpWitness', c.token, c.amount, c.nonce, witness, c.by)
      return { args: [c.id, c.amount, c.from, c.nonce, NEVER, signature], from: relayer }
    },
    settle: payeeCall,
    close: payeeCall,
    settleMany: async (o) => {
      const items = await Promise.all((o.items ?? [o]).map(settlement))
      return { args: [o.token ?? w.token.address, items], from: w.payee.address }
    },
    settleWithAuthorization: relayed('Settle'),
    closeWithAuthorization: relayed('Close'),
    requestClose: async (o) => ({ args: [o.id], from: w.payer.address }),
    withdraw: async (o) => ({ args: [o.id], from: w.payer.address }),
  }

  /** Calls the escrow; `sender` and `value` replace the natural ones. */
  const call = async (name, o = {}) => {
    const { args, from, value } = await calls[name](o)
    return w.send(w.escrow, name, args, { from: o.sender ?? from, value: o.value ?? value })
  }
  const open = async (o = {}, how = 'open') => (await call(how, o)).events[0].args.channelId
  return { calls, call, open, salt, voucher, settlement, authorization, receive, permit, domain }
}
