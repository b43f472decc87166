// Compiles the contracts with the locked solc and keeps the artifacts that the Java side loads.
//   node compile.mjs          writes them
//   node compile.mjs --check  fails if what is committed is not what the sources compile to

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const require = createRequire(import.meta.url)
const here = dirname(fileURLToPath(import.meta.url))
const artifactsDir = join(here, '../resources/io/tollstream/channels/evm/contracts')
const committed = ['TollstreamEscrow', 'TestToken']

const settings = {
  // Filecoin's EVM is Ethereum's Paris plus a few opcodes that came later, one network upgrade at a
  // time (FIP-0054); code for Paris runs on every version of it and on every other chain. This also
  // holds @openzeppelin/contracts at 5.3, the last to compile without Cancun's MCOPY.
  evmVersion: 'paris',
  // Measured: the IR pipeline saves 1-2 % of gas and a fifth of the code; more runs save nothing.
  viaIR: true,
  optimizer: { enabled: true, runs: 20_000 },
  // No metadata hash: comments and file names must not change the bytecode.
  metadata: { bytecodeHash: 'none', appendCBOR: false },
}

const outputs = [
  'abi', 'evm.bytecode.object', 'evm.deployedBytecode.object',
  'evm.deployedBytecode.immutableReferences',
]

const read = (path) =>
  readFileSync(path.startsWith('@') ? require.resolve(path) : join(here, path), 'utf8')

/**
 * Compiles `names` (paths below this directory, without .sol); returns { contract: artifact }.
 * `edit` may change the text of what is named.
 */
export function compile(names, overrides = {}, edit = (text) => text) {
  const solc = require('solc')
  const used = { ...settings, ...overrides }
  const files = names.map((name) => `${name}.sol`)
  const input = {
    language: 'Solidity',
    sources: Object.fromEntries(files.map((file) => [file, { content: edit(read(file)) }])),
    settings: { ...used, outputSelection: { '*': { '*': outputs } } },
  }
  const resolve = { import: (path) => ({ contents: read(path) }) }
  const output = JSON.parse(solc.compile(JSON.stringify(input), resolve))
  refuse(output.errors ?? [])
  const compiler = { version: solc.version(), ...used }
  const contracts = {}
  for (const file of files) {
    for (const [contract, { abi, evm }] of Object.entries(output.contracts[file])) {
      contracts[contract] = {
        name: contract,
        compiler,
        abi,
        bytecode: `0x${evm.bytecode.object}`,
        deployedBytecode: `0x${evm.deployedBytecode.object}`,
        immutableReferences: positions(evm.deployedBytecode.immutableReferences),
      }
    }
  }
  return contracts
}

/** Warnings in our own sources count as errors; those in dependencies are not ours to fix. */
function refuse(findings) {
  const ours = (f) => f.severity === 'error' || !f.sourceLocation?.file.startsWith('@')
  const refused = findings.filter(ours).map((f) => f.formattedMessage)
  if (refused.length) throw new Error(refused.join('\n'))
}

/** Where immutables go in the deployed bytecode; the compiler's ids for them stay with it. */
function positions(references) {
  return Object.values(references ?? {}).flat().sort((a, b) => a.start - b.start)
}

export function loadArtifact(name) {
  return JSON.parse(readFileSync(join(artifactsDir, `${name}.json`), 'utf8'))
}

function main(check) {
  const contracts = compile(committed)
  mkdirSync(artifactsDir, { recursive: true })
  for (const name of committed) {
    const file = join(artifactsDir, `${name}.json`)
    const text = `${JSON.stringify(contracts[name], null, 2)}\n`
    if (!check) writeFileSync(file, text)
    else if (text !== readFileSync(file, { encoding: 'utf8', flag: 'a+' })) {
      console.error(`${name}.json is not what ${name}.sol compiles to: run npm run compile`)
      process.exitCode = 1
    }
    console.log(`${name}: ${(contracts[name].deployedBytecode.length - 2) / 2} bytes deployed`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main(process.argv.includes('--check'))
