// The demo's chain: anvil, from deploy/chain, and the few calls the demo itself makes to it.

import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'

const modules = fileURLToPath(new URL('../chain/node_modules/', import.meta.url))
const callMillis = 5_000

/**
 * The command that runs the chain. It mines at once, so that opening a channel takes no second, and
 * every second besides, so that confirmations and grace periods go by as they do on a real chain.
 */
export function chainCommand({ host, port, configOut }) {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch
  const binary = `${modules}@foundry-rs/anvil-${process.platform}-${arch}/bin/anvil`
  const start = existsSync(binary)
    ? [binary]
    : [process.execPath, `${modules}@foundry-rs/anvil/bin.mjs`]
  return [
    ...start,
    ...['--host', host, '--port', `${port}`],
    ...['--mixed-mining', '--block-time', '1'],
    ...['--config-out', configOut],
  ]
}

/** The well-known development accounts, each with gas: { address, key }. */
export async function accounts(configOut) {
  const config = JSON.parse(await readFile(configOut, 'utf8'))
  return config.available_accounts.map((address, i) => ({ address, key: config.private_keys[i] }))
}

export async function call(rpc, method, ...params) {
  const response = await fetch(rpc, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    signal: AbortSignal.timeout(callMillis),
  })
  const { result, error } = await response.json()
  if (error) throw new Error(`${method}: ${error.message}`)
  return result
}

/** What an account holds of an ERC-20, in base units. */
export async function balance(rpc, token, account) {
  const data = `0x70a08231${account.slice(2).toLowerCase().padStart(64, '0')}` // balanceOf(address)
  return BigInt(await call(rpc, 'eth_call', { to: token, data }, 'latest'))
}
