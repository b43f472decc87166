// Prints how many tests passed, failed and were skipped; fails when one failed or there was none.
//   node count-tests.mjs DIRECTORY [NODE-TEST-OUTPUT ...]
// DIRECTORY is searched for the reports of surefire and failsafe.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const reportDirectories = ['surefire-reports', 'failsafe-reports']

function* reports(directory, depth = 0) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isFile() && /^TEST-.*\.xml$/.test(entry.name)) {
      yield path
    } else if (entry.isDirectory() && leadsToReports(entry.name, depth)) {
      yield* reports(path, depth + 1)
    }
  }
}

/** Reports stand in MODULE/target/*-reports and nowhere else. */
function leadsToReports(name, depth) {
  if (depth === 0) return !name.startsWith('.')
  return depth === 1 ? name === 'target' : depth === 2 && reportDirectories.includes(name)
}

function ofReport(path) {
  const suite = /<testsuite\s[^>]*>/.exec(readFileSync(path, 'utf8'))?.[0] ?? ''
  const count = (attribute) => Number(new RegExp(`\\s${attribute}="(\\d+)"`).exec(suite)?.[1] ?? 0)
  const failed = count('failures') + count('errors')
  return { passed: count('tests') - failed - count('skipped'), failed, skipped: count('skipped') }
}

function ofNodeOutput(path) {
  const text = readFileSync(path, 'utf8')
  const count = (word) => Number(new RegExp(`^(?:ℹ|#) ${word} (\\d+)$`, 'm').exec(text)?.[1] ?? 0)
  return {
    passed: count('pass'),
    failed: count('fail') + count('cancelled'),
    skipped: count('skipped') + count('todo'),
  }
}

const [directory, ...outputs] = process.argv.slice(2)
const counts = [...[...reports(directory)].map(ofReport), ...outputs.map(ofNodeOutput)]
const sum = (word) => counts.reduce((total, count) => total + count[word], 0)
console.log(`${sum('passed')} passed, ${sum('failed')} failed, ${sum('skipped')} skipped`)
process.exit(sum('failed') > 0 || sum('passed') === 0 ? 1 : 0)
