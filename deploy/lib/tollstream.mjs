// How the demo runs the project's own command.

import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const jar = fileURLToPath(new URL('../../gateway/target/tollstream.jar', import.meta.url))
const java = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, 'bin', 'java') : 'java'
const runMillis = 30_000

/** The command line of `tollstream` with these arguments. */
export const tollstreamCommand = (...args) => [java, '-jar', jar, ...args]

/** Runs `tollstream` to its end; resolves with what it printed. */
export async function tollstream(signal, ...args) {
  const [file, ...rest] = tollstreamCommand(...args)
  const options = { timeout: runMillis, signal, killSignal: 'SIGKILL' }
  const { stdout } = await promisify(execFile)(file, rest, options)
  return stdout.trim()
}
