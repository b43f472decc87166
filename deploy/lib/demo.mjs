// The demo's life: it builds the scene, shows it, and on every way out takes it down again.
// deploy/demo starts it; see `usage`.

import { rmSync } from 'node:fs'
import { mkdir, mkdtemp } from 'node:fs/promises'
import { isIP } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Children } from './children.mjs'
import { paidFiles } from './film.mjs'
import { guide } from './guide.mjs'
import { build, settle } from './scene.mjs'
import { statusLines } from './status.mjs'

const usage = `deploy/demo [--json] [--host ADDRESS] [--plain]

Runs a local chain with an escrow and a test token, an origin with a film, the gateway that sells it
and a proxy that pays for it, all on free ports; prints what to open, then what flows and what is
paid. Ctrl-C closes the channels, says what the payee received, and removes everything.

  --json          print one line of JSON when ready, and nothing more, on standard output
  --host ADDRESS  listen on this IPv4 address instead of 127.0.0.1; without TLS, so in a laboratory
  --plain         use neither nginx nor ffmpeg, even where they are installed`

const options = readOptions()
const say = (text = '') => (options.json ? process.stderr : process.stdout).write(`${text}\n`)
const began = performance.now()
/** Ends the commands that end by themselves: ffmpeg, `tollstream wallet` and the like. */
const commands = new AbortController()

let work
let children
let scene
let ending = false

process.umask(0o022)
process.on('exit', cleanUp)
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => (ending ? process.exit(1) : stop()))
}
for (const event of ['uncaughtException', 'unhandledRejection']) {
  process.on(event, fail)
}
process.stdout.on('error', stop) // whoever read it has gone
process.stderr.on('error', () => {})

try {
  work = await mkdtemp(join(tmpdir(), 'tollstream-demo-'))
  const logDirectory = join(work, 'logs')
  await mkdir(logDirectory, { mode: 0o700 })
  const { host, plain } = options
  const onExit = (child) => scene && fail(child.failure())
  children = new Children({ host, logDirectory, onExit })
  scene = await build({ work, host, plain, children, say, signal: commands.signal })
  announce()
} catch (error) {
  fail(error)
}

function readOptions() {
  const flag = { type: 'boolean', default: false }
  try {
    const { values } = parseArgs({
      options: {
        json: flag,
        plain: flag,
        help: { ...flag, short: 'h' },
        host: { type: 'string', default: '127.0.0.1' },
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

function announce() {
  console.error(`Ready ${((performance.now() - began) / 1000).toFixed(1)} s after the start.`)
  if (options.json) {
    console.log(JSON.stringify(facts(scene)))
  } else {
    say(guide(scene))
    watch(scene.gateway.management)
  }
}

function facts({ config, chain, goods, gateway, payer }) {
  return {
    gateway: gateway.url,
    management: gateway.management,
    payer: payer.url,
    origin: goods.url,
    rpc: chain.rpc,
    chainId: chain.chainId,
    escrow: chain.escrow,
    token: chain.token,
    payee: chain.payee.address,
    fundedKey: chain.payer.key,
    files: paidFiles,
    config,
  }
}

async function watch(management) {
  for await (const line of statusLines(management, () => ending)) {
    process.stdout.write(process.stdout.isTTY ? `\r\x1b[K${line}` : `${line}\n`)
  }
}

/** The orderly end. */
async function stop() {
  if (ending) return
  ending = true
  if (process.stdout.isTTY && !options.json) say()
  try {
    if (scene) await settle(scene, { say, signal: commands.signal })
  } catch (error) {
    console.error(`The channels could not be closed: ${error.stderr || error.message}`)
  }
  await end(0)
}

async function fail(error) {
  if (ending) return
  ending = true
  console.error(`\ndeploy/demo: ${error.stderr || error.message}`)
  await end(1)
}

async function end(status) {
  await children?.stop()
  process.exit(status)
}

/** The last thing on every way out: no child and no file stays. */
function cleanUp() {
  commands.abort()
  children?.kill()
  if (work) rmSync(work, { recursive: true, force: true, maxRetries: 3 })
}
