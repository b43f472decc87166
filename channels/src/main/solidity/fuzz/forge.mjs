// Runs the fuzzing of the escrow (README.md, "Fuzzing").
//   node fuzz/forge.mjs [--seed 0x...] [--runs N]

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { loadArtifact } from '../compile.mjs'
import { permit2Code } from '../test/world.mjs'

const require = createRequire(import.meta.url)
const root = join(dirname(fileURLToPath(import.meta.url)), '..')

function forgeBinary() {
  const arch = { x64: 'amd64', arm64: 'arm64' }[process.arch]
  const suffix = process.platform === 'win32' ? '.exe' : ''
  return require.resolve(`@foundry-rs/forge-${process.platform}-${arch}/bin/forge${suffix}`)
}

const committed = loadArtifact('TollstreamEscrow').bytecode
let permit2

export const randomSeed = () => `0x${randomBytes(32).toString('hex')}`

/** Fuzzes an escrow, given as creation code; resolves to whether it held, and what forge said. */
export async function fuzz({ seed, runs, shrink = true, bytecode = committed }) {
  const failures = mkdtempSync(join(tmpdir(), 'fuzz-'))
  const args = ['test', '--fuzz-seed', seed, '--color', 'never']
  const env = {
    ...process.env,
    ESCROW: bytecode,
    PERMIT2: await (permit2 ??= permit2Code()),
    FOUNDRY_INVARIANT_FAILURE_PERSIST_DIR: failures,
    ...(shrink ? {} : { FOUNDRY_INVARIANT_SHRINK_RUN_LIMIT: '0' }),
    ...(runs ? { FOUNDRY_INVARIANT_RUNS: String(runs) } : {}),
  }
  const child = spawn(forgeBinary(), args, { cwd: root, env })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (data) => { output += data })
  try {
    const code = await new Promise((resolve, reject) => {
      child.once('error', reject).once('close', resolve)
    })
    return { held: code === 0, output }
  } finally {
    rmSync(failures, { recursive: true, force: true })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({ options: { seed: { type: 'string' }, runs: { type: 'string' } } })
  const seed = values.seed ?? randomSeed()
  console.log(`seed ${seed}`)
  const { held, output } = await fuzz({ seed, runs: values.runs })
  console.log(output)
  process.exitCode = held ? 0 : 1
}
