// The demo's child processes: each in its own process group, so that Ctrl-C reaches only the demo, which
// then stops them in order; each with a log file, whose tail is shown when the child ends unasked.

import { spawn, spawnSync } from 'node:child_process'
import { createWriteStream, readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const stopMillis = 8_000
const tailLines = 25

// Where the kernel offers it, children end even when the demo itself is killed outright.
const guard =
  process.platform === 'linux' && /--pdeathsig/.test(spawnSync('setpriv', ['--help'], { encoding: 'utf8' }).stdout ?? '')
    ? ['setpriv', '--pdeathsig', 'TERM', '--']
    : []

/** A child that the demo runs until it is stopped. */
export class Child {
  #process
  #lines = []
  #waiting = []
  stopping = false

  /** @param onExit called with this child when it ends unasked */
  constructor({ name, command, logDirectory, env, cwd, onExit }) {
    this.name = name
    this.log = join(logDirectory, `${name}.log`)
    const log = createWriteStream(this.log, { flags: 'a', mode: 0o600 })
    const [file, ...args] = [...guard, ...command]
    this.#process = spawn(file, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    })
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
      if (!this.stopping) {
        onExit?.(this)
      }
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
    this.#lines = this.#lines.slice(-100)
    this.#waiting = this.#waiting.filter(({ pattern, resolve }) => {
      const found = pattern.exec(line)
      if (found) resolve(found)
      return !found
    })
  }

  /** Resolves with the match of the first line on stdout that fits; rejects when the child ends first. */
  line(pattern) {
    for (const line of this.#lines) {
      const found = pattern.exec(line)
      if (found) return Promise.resolve(found)
    }
    if (!this.running) return Promise.reject(this.failure())
    return new Promise((resolve, reject) => this.#waiting.push({ pattern, resolve, reject }))
  }

  failure() {
    return new Error(`${this.name} ended (${this.status}). The end of its log:\n${this.tail()}`)
  }

  tail() {
    const lines = readFileSync(this.log, 'utf8').trimEnd().split('\n')
    return lines.slice(-tailLines).map((line) => `  | ${line}`).join('\n')
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

/** `count` different ports that were free a moment ago. Whoever binds one must be ready to find it taken. */
export async function freePorts(host, count) {
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
