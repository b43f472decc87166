// A small static file server, for machines without nginx: GET and HEAD, one byte range a request,
// entity tags. It keeps nothing in memory but the chunk in flight.
//   node file-server.mjs HOST PORT DIRECTORY [PORT DIRECTORY ...]

import { createReadStream } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { extname, join, sep } from 'node:path'
import { pipeline } from 'node:stream'
import { pathToFileURL } from 'node:url'

export const mimeTypes = {
  '.bin': 'application/octet-stream',
  '.html': 'text/html; charset=utf-8',
  '.m3u8': 'application/vnd.apple.mpegurl',
  '.mp4': 'video/mp4',
  '.svg': 'image/svg+xml',
  '.ts': 'video/mp2t',
}

/** Serves the files below `directory`; resolves with the listening server. */
export async function serve(host, port, directory) {
  const root = await realpath(directory)
  const server = createServer((request, response) => {
    answer(root, request, response).catch(() => response.destroy())
  })
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

async function answer(root, request, response) {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(response, 405, { Allow: 'GET, HEAD' })
  }
  const file = await find(root, request.url)
  if (!file) {
    return plain(response, 404)
  }
  const headers = {
    'Accept-Ranges': 'bytes',
    'Content-Type': mimeTypes[extname(file.path)] ?? 'application/octet-stream',
    ETag: file.etag,
    'Last-Modified': file.modified,
  }
  if (matches(request.headers['if-none-match'], file.etag)) {
    return plain(response, 304, headers)
  }
  const range = rangeOf(request.headers, file)
  if (range === 'unsatisfiable') {
    return plain(response, 416, { 'Content-Range': `bytes */${file.size}` })
  }
  const { first, last } = range ?? { first: 0, last: file.size - 1 }
  headers['Content-Length'] = last - first + 1
  if (range) {
    headers['Content-Range'] = `bytes ${first}-${last}/${file.size}`
  }
  response.writeHead(range ? 206 : 200, headers)
  if (request.method === 'HEAD' || last < first) {
    return response.end()
  }
  pipeline(createReadStream(file.path, { start: first, end: last }), response, () => {})
}

function plain(response, status, headers = {}) {
  response.writeHead(status, headers).end()
}

/** The file of a request's target, or nothing where there is none below the root. */
async function find(root, target) {
  try {
    const path = decodeURIComponent(new URL(target, 'http://origin').pathname)
    const real = await realpath(join(root, path.endsWith('/') ? `${path}index.html` : path))
    const found = await stat(real)
    if (!found.isFile() || !real.startsWith(root + sep)) {
      return undefined
    }
    const etag = `"${Math.trunc(found.mtimeMs).toString(16)}-${found.size.toString(16)}"`
    return { path: real, size: found.size, etag, modified: found.mtime.toUTCString() }
  } catch {
    return undefined
  }
}

function matches(ifNoneMatch, etag) {
  const tags = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, ''))
  return tags?.some((tag) => tag === '*' || tag === etag) ?? false
}

/** The range asked for, `unsatisfiable`, or nothing for the whole file (RFC 9110, section 14.2). */
function rangeOf(headers, { size, etag, modified }) {
  const condition = headers['if-range']
  if (condition && condition !== etag && condition !== modified) {
    return undefined
  }
  const parts = /^bytes=(\d*)-(\d*)$/.exec(headers.range ?? '')
  if (!parts || (parts[1] === '' && parts[2] === '')) {
    return undefined
  }
  if (parts[1] === '') {
    const suffix = Math.min(Number(parts[2]), size)
    return suffix === 0 ? 'unsatisfiable' : { first: size - suffix, last: size - 1 }
  }
  const first = Number(parts[1])
  const last = parts[2] === '' ? size - 1 : Math.min(Number(parts[2]), size - 1)
  if (parts[2] !== '' && Number(parts[2]) < first) {
    return undefined
  }
  return first >= size ? 'unsatisfiable' : { first, last }
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const [host, ...pairs] = process.argv.slice(2)
  for (let i = 0; i < pairs.length; i += 2) {
    await serve(host, Number(pairs[i]), pairs[i + 1])
  }
}
