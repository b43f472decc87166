// The demo's child processes: each in its own process group, so that Ctrl-C reaches only the demo,
// which then stops them in order; each with a log file, whose tail is shown when it ends unasked.

import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'

const startAttempts = 4
const portTaken = /EADDRINUSE|address (already )?in use/i
const readyMillis = 30_000
const stopMillis = 8_000
const tailLines = 25
const keptLines = 100

// Where the kernel offers it, children end even when the demo itself is killed outright.
const guard =
  process.platform === 'linux' &&
  /--pdeathsig/.test(spawnSync('setpriv', ['--help'], { encoding: 'utf8' }).stdout ?? '')
    ? ['setpriv', '--pdeathsig', 'TERM', '--']
    : []

/** A child that the demo runs until it is stopped. */
class Child {
  #process
  #lines = []
  #waiting = []
  stopping = false

  /** `onExit` is called with this child when it ends unasked. */
  constructor({ name, command, logDirectory, onExit }) {
    this.name = name
    this.log = join(logDirectory, `${name}.log`)
    const log = createWriteStream(this.log, { flags: 'a', mode: 0o600 })
    const [file, ...args] = [...guard, ...command]
    this.#process = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], detached: true })
    this.#process.stderr.on('data', (data) => log.write(data))
    createInterface({ input: this.#process.stdout }).on('line', (line) => {
      log.write(`${line}\n`)
      this.#heard(line)
    })
    this.exited = new Promise((resolve) => {
      this.#process.on('error', (error) => log.write(`${error.message}\n`))
      this.#process.on('close', (code, signal) => log.end(() => resolve(signal ?? code)))
    })
    this.exited.then((status) => {
      this.status = status
      this.#waiting.forEach(({ reject }) => reject(this.failure()))
      if (!this.stopping) onExit(this)
    })
  }

  get pid() {
    return this.#process.pid
  }

  get running() {
    return this.status === undefined
  }

  #heard(line) {
    this.#lines.push(line)
    this.#lines = this.#lines.slice(-keptLines)
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
      const found = pattern.exec(line)
      if (found) resolve(found)
      return !found
    })
  }

  /** Resolves with the first match on a line of stdout; rejects when the child ends before. */
  line(pattern) {
    for (const line of this.#lines) {
      const found = pattern.exec(line)
      if (found) return Promise.resolve(found)
    }
    if (!this.running) return Promise.reject(this.failure())
    return new Promise((resolve, reject) => this.#waiting.push({ pattern, resolve, reject }))
  }

  /** Resolves when `ready` does; rejects when the child ends first or takes too long. */
  async until(ready) {
    const gaveUp = new AbortController()
    const late = sleep(readyMillis, undefined, { signal: gaveUp.signal }).then(() => {
      throw new Error(`${this.name} was not ready in time. The end of its log:\n${this.tail()}`)
    })
    const ended = this.exited.then(() => {
      throw this.failure()
    })
    try {
      await Promise.race([ready, ended, late])
    } finally {
      gaveUp.abort()
    }
  }

  failure() {
    return new Error(`${this.name} ended (${this.status}). The end of its log:\n${this.tail()}`)
  }

  tail() {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n')
    return lines
      .slice(-tailLines)
      .map((line) => `  | ${line}`)
      .join('\n')
  }

  /** Asks the child to end, then makes it. */
  async stop() {
    this.stopping = true
    if (!this.running) return
    this.#signal('SIGTERM')
    const timer = setTimeout(() => this.#signal('SIGKILL'), stopMillis)
    await this.exited
    clearTimeout(timer)
  }

  /** Ends the child's whole group at once; for the moment before the demo itself must end. */
  kill() {
    this.stopping = true
    if (this.running) this.#signal('SIGKILL')
  }

  #signal(signal) {
    try {
      process.kill(signal === 'SIGKILL' ? -this.pid : this.pid, signal)
    } catch (error) {
      if (error.code !== 'ESRCH') throw error
    }
  }
}

/** All of the demo's children: started one by one, stopped in the opposite order. */
export class Children {
  #all = []
  #options

  /** `onExit` is called with a child that ended unasked. */
  constructor(options) {
    this.#options = options
  }

  /**
   * Starts a child on free ports and awaits `ready`. A port that was free may be taken by the time
   * it is bound: then others are tried.
   */
  async start(name, { ports: count = 1, command, ready }) {
    const { host, logDirectory, onExit } = this.#options
    for (let attempt = 1; ; attempt++) {
      const ports = await freePorts(host, count)
      const child = new Child({ name, logDirectory, onExit, command: await command(ports) })
      this.#all.push(child)
      try {
        await child.until(ready({ child, ports }))
        return { child, ports, port: ports[0] }
      } catch (error) {
        if (child.running || attempt === startAttempts || !portTaken.test(child.tail())) throw error
      }
    }
  }

  async stop() {
    for (const child of this.#all.toReversed()) await child.stop()
  }

  kill() {
    this.#all.forEach((child) => child.kill())
  }
}

/** `count` different ports that were free a moment ago. */
async function freePorts(host, count) {
  const servers = await Promise.all(
    Array.from(
      { length: count },
      () =>
        new Promise((resolve, reject) => {
          const server = createServer()
          server.once('error', reject)
          server.listen(0, host, () => resolve(server))
        }),
    ),
  )
  const ports = servers.map((server) => server.address().port)
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))))
  return ports
}
