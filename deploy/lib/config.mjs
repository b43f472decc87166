// What the demo tells the gateway and the payer.

import { join } from 'node:path'

export const price = { amount: '100', unit: 'MiB' }

const decimals = 6
const suggestedDeposit = 1_000_000n
const budget = 1_000n * suggestedDeposit

const isLoopback = (host) => host.startsWith('127.')

/** Base units as people read them. */
export function tokens(baseUnits) {
  const digits = baseUnits.toString().padStart(decimals + 1, '0')
  return `${digits.slice(0, -decimals)}.${digits.slice(-decimals)} TUSD`
}

/** The gateway's configuration: everything for sale under one tariff, the landing page free. */
export function configYaml({ host, port, managementPort, chain, goods, secrets }) {
  const paid = (name, path, free = '') => `
  - name: ${name}
    match: {path: ${path}}
    origin: ${goods.url}${free}
    price: {amount: "${price.amount}", unit: ${price.unit}}
    chain: local
    payee: "${chain.payee.address}"
    token: "${chain.token}"
    suggestedDeposit: "${suggestedDeposit}"
`
  const poster = '\n    free: [/film/poster.svg]'
  const routes = [paid('hls', '/film', poster), paid('mp4', '/film.mp4'), paid('big', '/big.bin')]
  return `# Written by deploy/demo; gone when it ends.
listen: ${host}:${port}
management: 127.0.0.1:${managementPort}
publicUrl: http://${host}:${port}
allowPlaintext: ${!isLoopback(host)}
ledger: {directory: ledger}
challenge: {secretFile: ${join(secrets, 'challenge')}}
chains:
  - name: local
    chainId: ${chain.chainId}
    rpc: ["${chain.rpc}"]
    escrow: "${chain.escrow}"
    finality: {tag: latest, confirmations: 1}
    payeeKeyFile: ${join(secrets, 'payee')}
    pollMillis: 200
routes:${routes.join('')}
  - name: landing
    match: {path: /}
    origin: ${goods.landing}
`
}

/** The payer's policy: this token, escrow and payee only, and nothing dearer than the price. */
export const walletOptions = ({ host, chain, secrets, payer }) => [
  ...['--rpc', chain.rpc, '--key-file', join(secrets, 'payer'), '--state', payer],
  ...['--budget', `${budget}`, '--max-price', `${price.amount}/${price.unit}`],
  ...['--allow-token', chain.token, '--allow-escrow', chain.escrow],
  ...['--allow-recipient', chain.payee.address],
  ...(isLoopback(host) ? [] : ['--allow-plaintext']),
]
