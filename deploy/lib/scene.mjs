// What the demo puts up: a chain with its contracts, an origin, the gateway, a paying proxy, each
// of which needs the one before. And how the bill is settled at the end.

import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { accounts, balance, chainCommand } from './chain.mjs'
import { configYaml, price, tokens, walletOptions } from './config.mjs'
import { hasFfmpeg, landingPage, makeFiles } from './film.mjs'
import { findNginx, originCommand } from './origin.mjs'
import { tollstream, tollstreamCommand } from './tollstream.mjs'

const mintedBaseUnits = 1_000_000n * 10n ** 6n
const payerReady = /^tollstream pay ready on (http:\S+)/

/**
 * Starts everything. `stage` is what there is to build with: the directory `work`, the address
 * `host`, `plain` for doing without nginx and ffmpeg, the `children`, `say`, and the `signal` that
 * ends it all.
 */
export async function build(stage) {
  const directories = await makeDirectories(stage.work)
  const [chain, goods] = await Promise.all([
    startChain(stage, directories),
    startOrigin(stage, directories),
  ])
  const config = join(stage.work, 'config.yaml')
  const gateway = await startGateway(stage, { config, chain, goods, secrets: directories.secrets })
  const payer = await startPayer(stage, { chain, gateway, directories })
  return { config, chain, goods, gateway, payer }
}

async function makeDirectories(work) {
  const make = async (name, mode) => {
    await mkdir(join(work, name), { mode })
    return join(work, name)
  }
  return {
    secrets: await make('secrets', 0o700),
    payer: await make('payer', 0o700),
    site: await make('site', 0o755),
    landing: await make('landing', 0o755),
  }
}

async function startChain({ host, children, say, signal }, { secrets }) {
  const configOut = join(secrets, 'chain.json')
  const { port } = await children.start('chain', {
    command: (port) => chainCommand({ host, port, configOut }),
    ready: ({ child }) => child.line(/^Listening on /),
  })
  const rpc = `http://${host}:${port}`
  const [operator, payee, payer] = await accounts(configOut)
  const challenge = { key: randomBytes(32).toString('hex') }
  for (const [name, { key }] of Object.entries({ operator, payee, payer, challenge })) {
    await writeFile(join(secrets, name), `${key}\n`, { mode: 0o600 })
  }
  say('Deploying the escrow and a test token ...')
  const operatorKey = ['--key-file', join(secrets, 'operator')]
  const mint = ['--test-token', '--mint', `${payer.address}=${mintedBaseUnits}`]
  const output = await tollstream(
    signal,
    ...['contracts', 'deploy', '--rpc', rpc, ...operatorKey, ...mint],
  )
  const { chainId, escrow, token } = JSON.parse(output.split('\n').at(-1))
  return { rpc, chainId: Number(chainId), escrow, token, payee, payer }
}

async function startOrigin({ host, plain, work, children, say, signal }, { site, landing }) {
  const nginx = plain ? undefined : findNginx()
  const playable = !plain && hasFfmpeg()
  say(playable ? 'Making the film ...' : 'Making a film of noise (no ffmpeg is used) ...')
  await makeFiles(site, { playable, signal })
  const priceText = `${price.amount} base units per ${price.unit}`
  await writeFile(join(landing, 'index.html'), landingPage(priceText, playable))
  const urls = (ports) => ports.map((port) => `http://${host}:${port}`)
  const { ports } = await children.start('origin', {
    ports: 2,
    command: ([port, landingPort]) =>
      originCommand({ host, port, site, landingPort, landing, work, nginx }),
    ready: ({ child, ports }) => Promise.all(urls(ports).map((url) => answers(url, child))),
  })
  const [url, landingUrl] = urls(ports)
  return { url, landing: landingUrl, playable, server: nginx ? 'nginx' : 'Node.js' }
}

async function startGateway({ host, children }, { config, chain, goods, secrets }) {
  let startedAt
  const { ports } = await children.start('gateway', {
    ports: 2,
    command: async ([port, managementPort]) => {
      await writeFile(config, configYaml({ host, port, managementPort, chain, goods, secrets }))
      startedAt = performance.now()
      return tollstreamCommand('serve', '--config', config)
    },
    ready: ({ child, ports }) => answers(`http://${host}:${ports[0]}`, child),
  })
  const readyMillis = Math.round(performance.now() - startedAt)
  console.error(`The gateway gave its first answer ${readyMillis} ms after its process started.`)
  const [port, managementPort] = ports
  return { url: `http://${host}:${port}`, management: `http://127.0.0.1:${managementPort}` }
}

async function startPayer({ host, children }, { chain, gateway, directories }) {
  const wallet = walletOptions({ host, chain, ...directories })
  const listen = ['--gateway', gateway.url, '--listen', '127.0.0.1:0']
  const { child } = await children.start('payer', {
    ports: 0,
    command: () => tollstreamCommand('pay', ...listen, ...wallet),
    ready: ({ child }) => child.line(payerReady),
  })
  const [, url] = await child.line(payerReady)
  return { url, wallet, child }
}

/** Resolves at the first answer, whatever its status. */
async function answers(url, child) {
  const asked = () =>
    new Promise((resolve) => {
      get(url, { agent: false }, (response) => resolve(response.resume())).on('error', () =>
        resolve(undefined),
      )
    })
  while (child.running && !(await asked())) await sleep(10)
}

/** Ends the paying, closes the channels on chain, and says what came of it. */
export async function settle({ chain, gateway, payer }, { say, signal }) {
  say('Closing the channels ...')
  await payer.child.stop()
  const close = ['wallet', 'close', '--all', '--gateway', gateway.url]
  const output = await tollstream(signal, ...close, ...payer.wallet)
  if (output) say(output)
  const received = await balance(chain.rpc, chain.token, chain.payee.address)
  const left = await balance(chain.rpc, chain.token, chain.payer.address)
  const spent = mintedBaseUnits - left
  say(`On chain, the payee received ${tokens(received)} and the payer spent ${tokens(spent)}.`)
}
