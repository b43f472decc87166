import assert from 'node:assert/strict'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { serve } from '../../../lib/file-server.mjs'

const content = Buffer.from(Array.from({ length: 1000 }, (_, i) => i % 251))
let directory
let server
let url

before(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tollstream-file-server-'))
  await writeFile(join(directory, 'film.mp4'), content)
  await writeFile(join(directory, 'index.html'), '<!doctype html>')
  await writeFile(join(directory, 'empty.bin'), '')
  await symlink('/etc/hostname', join(directory, 'outside'))
  server = await serve('127.0.0.1', 0, directory)
  url = `http://127.0.0.1:${server.address().port}`
})

after(async () => {
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(directory, { recursive: true })
})

const ask = (path, headers = {}, method = 'GET') => fetch(url + path, { headers, method })
const bytes = async (response) => Buffer.from(await response.arrayBuffer())

test('get_wholeFile_bytesTypeAndValidator', async () => {
  const response = await ask('/film.mp4')
  assert.equal(response.status, 200)
  assert.equal(response.headers.get('content-type'), 'video/mp4')
  assert.equal(response.headers.get('content-length'), '1000')
  assert.equal(response.headers.get('accept-ranges'), 'bytes')
  assert.match(response.headers.get('etag'), /^"[0-9a-f]+-3e8"$/)
  assert.deepEqual(await bytes(response), content)
})

test('get_directory_index', async () => {
  assert.equal(await (await ask('/')).text(), '<!doctype html>')
})

test('head_file_headersOfGetWithoutBody', async () => {
  const response = await ask('/film.mp4', {}, 'HEAD')
  assert.equal(response.headers.get('content-length'), '1000')
  assert.equal((await bytes(response)).length, 0)
})

for (const [name, range, first, end] of [
  ['closed', 'bytes=10-19', 10, 20],
  ['open', 'bytes=990-', 990, 1000],
  ['suffix', 'bytes=-7', 993, 1000],
  ['suffixLongerThanFile', 'bytes=-5000', 0, 1000],
  ['endBeyondFile', 'bytes=998-4000', 998, 1000],
]) {
  test(`range_${name}_206WithThoseBytes`, async () => {
    const response = await ask('/film.mp4', { Range: range })
    assert.equal(response.status, 206)
    assert.equal(response.headers.get('content-range'), `bytes ${first}-${end - 1}/1000`)
    assert.deepEqual(await bytes(response), content.subarray(first, end))
  })
}

for (const range of ['bytes=1000-', 'bytes=5000-6000', 'bytes=-0']) {
  test(`range_${range}_416WithTheSize`, async () => {
    const response = await ask('/film.mp4', { Range: range })
    assert.equal(response.status, 416)
    assert.equal(response.headers.get('content-range'), 'bytes */1000')
  })
}

for (const range of ['bytes=20-10', 'bytes=0-1,3-4', 'lines=1-2', 'bytes=-']) {
  test(`range_${range}_ignored`, async () => {
    assert.equal((await ask('/film.mp4', { Range: range })).status, 200)
  })
}

test('ifRange_sameTag_206', async () => {
  const etag = (await ask('/film.mp4', {}, 'HEAD')).headers.get('etag')
  assert.equal((await ask('/film.mp4', { Range: 'bytes=0-0', 'If-Range': etag })).status, 206)
})

test('ifRange_otherTag_wholeFile', async () => {
  assert.equal((await ask('/film.mp4', { Range: 'bytes=0-0', 'If-Range': '"other"' })).status, 200)
})

test('ifNoneMatch_sameTag_304', async () => {
  const etag = (await ask('/film.mp4', {}, 'HEAD')).headers.get('etag')
  assert.equal((await ask('/film.mp4', { 'If-None-Match': `"x", W/${etag}` })).status, 304)
})

test('get_emptyFile_200', async () => {
  const response = await ask('/empty.bin')
  assert.equal(response.status, 200)
  assert.equal((await bytes(response)).length, 0)
})

test('get_missingFile_404', async () => {
  assert.equal((await ask('/none')).status, 404)
})

test('get_linkOutOfTheDirectory_404', async () => {
  assert.equal((await ask('/outside')).status, 404)
})

test('get_dotSegmentsInTheTarget_404', async () => {
  for (const target of [
    '/../../etc/hostname',
    '/%2e%2e/%2e%2e/etc/hostname',
    '/..%2f..%2fetc/hostname',
    '/%ff',
    '/a%00b',
  ]) {
    assert.match(await raw(target), /^HTTP\/1.1 404 /, target)
  }
})

test('post_file_405', async () => {
  assert.equal((await ask('/film.mp4', {}, 'POST')).status, 405)
})

/** Sends a target as it stands: `fetch` would tidy it. */
function raw(target) {
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(server.address().port, '127.0.0.1')
    socket.on('data', (data) => (text += data))
    socket.on('end', () => resolve(text))
    socket.on('error', reject)
    socket.write(`GET ${target} HTTP/1.1\r\nHost: origin\r\nConnection: close\r\n\r\n`)
  })
}
