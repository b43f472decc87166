// The demo: a chain, an origin, the gateway and a paying proxy, started in order, watched, and stopped
// together. deploy/demo starts it; see `usage`.

import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { get } from 'node:http'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs, promisify } from 'node:util'
import { accounts, balance, call, chainCommand } from './chain.mjs'
import { Child, freePorts } from './children.mjs'
import { configYaml, price, tokens, walletOptions } from './config.mjs'
import { hasFfmpeg, landingPage, makeFiles, paidFiles } from './film.mjs'
import { findNginx, originCommand } from './origin.mjs'
import { statusLines } from './status.mjs'

const usage = `deploy/demo [--json] [--host ADDRESS]

Runs a local chain with an escrow and a test token, an origin with a film, the gateway that sells it and a
proxy that pays for it, all on free ports; prints what to open, then what flows and what is paid. Ctrl-C
closes the channels, says what the payee received, and removes everything.

  --json          print one line of JSON when ready, and nothing more, on stdout
  --host ADDRESS  listen on this IPv4 address rather than on 127.0.0.1; there is no TLS, so only in a laboratory
  --plain         do not use nginx or ffmpeg even where they are installed`

const jar = fileURLToPath(new URL('../../gateway/target/tollstream.jar', import.meta.url))
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'
const run = promisify(execFile)

const startAttempts = 4 // a free port may be taken by somebody else before it is bound
const startMillis = 30_000
const closeMillis = 30_000
const mintedBaseUnits = 1_000_000n * 10n ** 6n

const options = readOptions()
const say = (text = '') => (options.json ? process.stderr : process.stdout).write(`${text}\n`)

const children = []
/** Ends the commands that run to an end of their own: ffmpeg, `tollstream channels` and the like. */
const commands = new AbortController()
let work
let stopped
/** What is running, once it is; closing needs it. */
let scene

process.umask(0o022)
process.on('exit', cleanUp)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => (stopped ? process.exit(1) : stop()))
}
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, (error) => fail(error))
}
process.stdout.on('error', () => stop()) // the reader of our output has gone
process.stderr.on('error', () => {})

const began = performance.now()

function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        plain: { type: 'boolean', default: false },
        host: { type: 'string', default: '127.0.0.1' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    })
    if (isIP(values.host) !== 4) throw new Error(`--host ${values.host}: not an IPv4 address`)
    if (values.help) {
      console.log(usage)
      process.exit(0)
    }
    return values
  } catch (error) {
    console.error(`${error.message}\n\n${usage}`)
    process.exit(2)
  }
}

/** Starts everything, in the order in which each needs the one before. */
async function build() {
  const directories = await makeDirectories()
  const [chain, goods] = await Promise.all([startChain(directories), startOrigin(directories)])
  const config = join(work, 'config.yaml')
  const gateway = await startGateway({ directories, config, chain, goods })
  const payer = await startPayer({ directories, chain, gateway })
  return { directories, config, chain, goods, gateway, payer }
}

async function makeDirectories() {
  const of = (name) => join(work, name)
  const directories = { secrets: of('secrets'), logs: of('logs'), payer: of('payer'), site: of('site'), landing: of('landing') }
  for (const name of ['secrets', 'logs', 'payer']) await mkdir(directories[name], { mode: 0o700 })
  for (const name of ['site', 'landing']) await mkdir(directories[name])
  return directories
}

async function startChain(directories) {
  const configOut = join(directories.secrets, 'chain.json')
  const { port } = await start('chain', {
    command: (port) => chainCommand({ host: options.host, port, configOut }),
    ready: ({ child }) => child.line(/^Listening on /),
  })
  const rpc = `http://${options.host}:${port}`
  const [operator, payee, payer] = await accounts(configOut)
  for (const [name, { key }] of Object.entries({ operator, payee, payer })) {
    await secret(directories, name, key)
  }
  await secret(directories, 'challenge', randomBytes(32).toString('hex'))
  const deployed = await deployContracts(directories, rpc, payer)
  return { rpc, payee, payer, ...deployed }
}

const secret = (directories, name, text) =>
  writeFile(join(directories.secrets, name), `${text}\n`, { mode: 0o600 })

async function deployContracts(directories, rpc, payer) {
  say('Deploying the escrow and a test token ...')
  const { stdout } = await tollstream([
    ...['contracts', 'deploy', '--rpc', rpc, '--key-file', join(directories.secrets, 'operator')],
    ...['--test-token', '--mint', `${payer.address}=${mintedBaseUnits}`],
  ])
  const { chainId, escrow, token } = JSON.parse(stdout.trim().split('\n').at(-1))
  return { chainId: Number(chainId), escrow, token }
}

async function startOrigin(directories) {
  const nginx = options.plain ? undefined : findNginx()
  const ffmpeg = !options.plain && hasFfmpeg()
  say(`Making the film ${ffmpeg ? 'with ffmpeg' : 'out of noise (install ffmpeg for one that plays)'} ...`)
  const playable = await makeFiles(directories.site, { playable: ffmpeg, signal: commands.signal })
  await writeFile(join(directories.landing, 'index.html'), landingPage(`${price.amount} base units per ${price.unit}`, playable))
  const { ports } = await start('origin', {
    ports: 2,
    command: (port, landingPort) =>
      originCommand({
        ...{ host: options.host, port, directory: directories.site },
        ...{ landingPort, landingDirectory: directories.landing, work, nginx },
      }),
    ready: ({ ports }) => Promise.all(ports.map((port) => answers(`http://${options.host}:${port}/`))),
  })
  const [origin, landing] = ports.map((port) => `http://${options.host}:${port}`)
  return { origin, landing, playable, server: nginx ? 'nginx' : 'Node.js' }
}

async function startGateway({ directories, config, chain, goods }) {
  let started
  const { ports } = await start('gateway', {
    ports: 2,
    command: async (port, managementPort) => {
      const yaml = configYaml({ host: options.host, port, managementPort, chain, goods, secrets: directories.secrets })
      await writeFile(config, yaml)
      started = performance.now()
      return [java, '-jar', jar, 'serve', '--config', config]
    },
    ready: ({ ports }) => answers(`http://${options.host}:${ports[0]}/`),
  })
  const readyMillis = Math.round(performance.now() - started)
  console.error(`The gateway gave its first answer ${readyMillis} ms after its process was started.`)
  const [url, management] = ports.map((port) => `http://${options.host}:${port}`)
  return { url, management }
}

async function startPayer({ directories, chain, gateway }) {
  const wallet = walletOptions(chain, directories)
  const { child } = await start('payer', {
    ports: 0,
    command: () => [java, '-jar', jar, 'pay', '--gateway', gateway.url, '--listen', `${options.host}:0`, ...wallet],
    ready: ({ child }) => child.line(/^tollstream pay ready on (http:\S+)/),
  })
  const [, url] = await child.line(/^tollstream pay ready on (http:\S+)/)
  return { url, wallet, child }
}

/** Starts a child on free ports and awaits that it is ready; tries other ports when it ends at once. */
async function start(name, { ports: count = 1, command, ready }) {
  for (let attempt = 1; ; attempt++) {
    const ports = await freePorts(options.host, count)
    const settings = { name, logDirectory: join(work, 'logs'), command: await command(...ports) }
    const child = new Child({ ...settings, onExit: (ended) => scene && fail(ended.failure()) })
    children.push(child)
    const gaveUp = new AbortController()
    try {
      const late = sleep(startMillis, undefined, { signal: gaveUp.signal }).then(() => {
        throw new Error(`${name} was not ready within ${startMillis / 1000} s. The end of its log:\n${child.tail()}`)
      })
      const died = child.exited.then(() => {
        throw child.failure()
      })
      await Promise.race([ready({ child, ports }), died, late])
      return { child, ports, port: ports[0] }
    } catch (error) {
      if (child.running || attempt === startAttempts || stopped) throw error
    } finally {
      gaveUp.abort()
    }
  }
}

/** Resolves at the first answer, whatever its status. */
async function answers(url) {
  for (;;) {
    const answered = await new Promise((resolve) => {
      get(url, { agent: false }, (response) => resolve(response.resume())).on('error', () => resolve(false))
    })
    if (answered || stopped) return
    await sleep(10)
  }
}

const tollstream = (args) =>
  run(java, ['-jar', jar, ...args], { timeout: closeMillis, signal: commands.signal, killSignal: 'SIGKILL' })

function announce({ chain, goods, gateway, payer, config }) {
  console.error(`Ready ${((performance.now() - began) / 1000).toFixed(1)} s after the start.`)
  if (options.json) {
    const { rpc, chainId, escrow, token } = chain
    const urls = { gateway: gateway.url, management: gateway.management, payer: payer.url, origin: goods.origin }
    const contracts = { rpc, chainId, escrow, token, payee: chain.payee.address, fundedKey: chain.payer.key }
    console.log(JSON.stringify({ ...urls, ...contracts, files: paidFiles, config }))
    return
  }
  say(guide({ chain, goods, gateway, payer, config }))
  watch(gateway.management)
}

const guide = ({ chain, goods, gateway, payer, config }) => `
  paying proxy   ${payer.url}      (open this one)
  gateway        ${gateway.url}      (answers 402 to whoever does not pay)
  origin         ${goods.origin}      (${goods.server})
  management     ${gateway.management}/metrics, /tabs
  chain          ${chain.rpc}      (id ${chain.chainId}, escrow ${chain.escrow}, token ${chain.token})
  configuration  ${config}

Watch the film, paid by the byte at ${price.amount} base units (${tokens(BigInt(price.amount))}) per ${price.unit}:

  mpv    ${payer.url}/film.mp4
  vlc    ${payer.url}/film/index.m3u8
  ffplay ${payer.url}/film.mp4
  a browser: ${payer.url}/
${goods.playable ? '' : '\nThere is no ffmpeg here, so the film is noise of the right size: download it rather than watch it.\n'}
Download and pay without the proxy in between:

  curl -o big.bin ${payer.url}/big.bin
  curl -i ${gateway.url}/big.bin        # 402: nobody pays

Ctrl-C closes the channels and ends everything.
`

async function watch(management) {
  for await (const line of statusLines(management, () => stopped)) {
    if (process.stdout.isTTY) {
      process.stdout.write(`\r\x1b[K${line}`)
    } else {
      say(line)
    }
  }
}

/** The orderly end: stop paying, close on chain, say what came of it, stop everything. */
async function stop() {
  if (stopped) return
  stopped = true
  if (process.stdout.isTTY && !options.json) say()
  try {
    if (scene) await settle(scene)
  } catch (error) {
    console.error(`The channels could not be closed: ${error.stderr || error.message}`)
  }
  await end(0)
}

async function settle({ directories, chain, gateway, payer }) {
  say('Closing the channels ...')
  await payer.child.stop()
  const { stdout } = await tollstream(['channels', 'close', '--all', '--gateway', gateway.url, ...payer.wallet])
  if (stdout.trim()) say(stdout.trim())
  const received = await balance(chain.rpc, chain.token, chain.payee.address)
  const left = await balance(chain.rpc, chain.token, chain.payer.address)
  say(`On chain, the payee received ${tokens(received)} and the payer spent ${tokens(mintedBaseUnits - left)}.`)
}

async function fail(error) {
  if (stopped) return
  stopped = true
  console.error(`\ndeploy/demo: ${error.stderr || error.message}`)
  await end(1)
}

async function end(status) {
  for (const child of children.toReversed()) await child.stop()
  process.exit(status)
}

/** The last thing on every way out: no child and no file stays. */
function cleanUp() {
  commands.abort()
  children.forEach((child) => child.kill())
  if (work) rmSync(work, { recursive: true, force: true, maxRetries: 3 })
}

try {
  work = await mkdtemp(join(tmpdir(), 'tollstream-demo-'))
  scene = await build()
  announce(scene)
} catch (error) {
  fail(error)
}
