// What the demo's origin has on offer: a film as MP4 and as HLS, and a large file. With ffmpeg the
// film plays; without it the names are the same and the bytes are noise.

import { execFile, spawnSync } from 'node:child_process'
import { createCipheriv } from 'node:crypto'
import { mkdir, open, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

const filmSeconds = 60
const segmentSeconds = 4
const noiseSegmentBytes = 188 * 5_600 // whole MPEG-TS packets, about 1 MiB
const bigBytes = 64 * 1024 * 1024 + 4_321 // no multiple of any unit: the odd end must come too
const pieceBytes = 4 * 1024 * 1024

/** The paths that cost something. */
export const paidFiles = ['/film.mp4', '/film/index.m3u8', '/big.bin']

export const hasFfmpeg = () => spawnSync('ffmpeg', ['-version']).status === 0

/** Fills `directory`; `signal` ends the encoder. */
export async function makeFiles(directory, { playable, signal }) {
  await mkdir(join(directory, 'film'), { recursive: true })
  await Promise.all([
    playable ? film(directory, signal) : noiseFilm(directory),
    noise(join(directory, 'big.bin'), bigBytes, 1),
    writeFile(join(directory, 'film', 'poster.svg'), poster),
  ])
}

async function film(directory, signal) {
  const ffmpeg = (...args) => run('ffmpeg', args.flat(), { signal, killSignal: 'SIGKILL' })
  // A key frame every two seconds, so that the same encoding serves as HLS without a second run.
  await ffmpeg(
    ['-v', 'error', '-y'],
    ['-f', 'lavfi', '-i', 'testsrc2=size=1280x720:rate=25'],
    ['-f', 'lavfi', '-i', 'sine=frequency=440:sample_rate=48000'],
    ['-t', `${filmSeconds}`],
    ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p'],
    ['-g', '50', '-keyint_min', '50', '-sc_threshold', '0'],
    ['-b:v', '2M', '-maxrate', '2.5M', '-bufsize', '4M'],
    ['-c:a', 'aac', '-b:a', '128k', '-movflags', '+faststart'],
    join(directory, 'film.mp4'),
  )
  await ffmpeg(
    ['-v', 'error', '-y', '-i', join(directory, 'film.mp4'), '-c', 'copy'],
    ['-f', 'hls', '-hls_time', `${segmentSeconds}`, '-hls_playlist_type', 'vod'],
    ['-hls_segment_filename', join(directory, 'film', 'segment-%03d.ts')],
    join(directory, 'film', 'index.m3u8'),
  )
}

async function noiseFilm(directory) {
  const count = filmSeconds / segmentSeconds
  const names = Array.from({ length: count }, (_, i) => `segment-${String(i).padStart(3, '0')}.ts`)
  await noise(join(directory, 'film.mp4'), noiseSegmentBytes * count, 2)
  for (const [i, name] of names.entries()) {
    await noise(join(directory, 'film', name), noiseSegmentBytes, 3 + i)
  }
  const entries = names.map((name) => `#EXTINF:${segmentSeconds}.000000,\n${name}\n`).join('')
  const head = `#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:${segmentSeconds}\n`
  const playlist = `${head}#EXT-X-PLAYLIST-TYPE:VOD\n${entries}#EXT-X-ENDLIST\n`
  await writeFile(join(directory, 'film', 'index.m3u8'), playlist)
}

/** Writes bytes that do not compress and are the same every time: a key stream. */
async function noise(path, bytes, seed) {
  const key = Buffer.alloc(16, seed)
  const cipher = createCipheriv('aes-128-ctr', key, Buffer.alloc(16))
  const zeros = Buffer.alloc(pieceBytes)
  const file = await open(`${path}.part`, 'w')
  try {
    for (let left = bytes; left > 0; left -= pieceBytes) {
      await file.write(cipher.update(zeros.subarray(0, Math.min(left, pieceBytes))))
    }
  } finally {
    await file.close()
  }
  await rename(`${path}.part`, path)
}

const poster = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 360">
  <rect width="640" height="360" fill="#123"/>
  <path d="M270 120v120l110-60z" fill="#fff"/>
  <text x="320" y="310" fill="#fff" font-family="sans-serif" font-size="22" text-anchor="middle">
    Tollstream: this picture is free
  </text>
</svg>
`

const video = `<video controls preload="none" poster="/film/poster.svg" src="/film.mp4"></video>`

/** The free page that lists what is for sale. */
export const landingPage = (price, playable) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Tollstream demo</title>
<style>
body { font: 1rem/1.5 sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem }
video { width: 100% }
</style>
<h1>Tollstream demo</h1>
<p>This page and the poster are free. Everything below costs ${price}, byte by byte. Open this page
through the paying proxy and the links work; open it at the gateway and they answer
<em>402 Payment Required</em>.</p>
${playable ? video : ''}
<ul>
<li><a href="/film.mp4">/film.mp4</a>: the film as MP4</li>
<li><a href="/film/index.m3u8">/film/index.m3u8</a>: the film as HLS, for players that know it</li>
<li><a href="/big.bin">/big.bin</a>: a large file</li>
</ul>
</html>
`
