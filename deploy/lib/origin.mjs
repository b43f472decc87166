// The demo's origins: one with the goods and one with the free landing page, both from one process.
// They are apart so that no way of writing a path can reach the goods through the free route.

import { spawnSync } from 'node:child_process'
import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mimeTypes } from './file-server.mjs'

const fileServer = fileURLToPath(new URL('file-server.mjs', import.meta.url))
const candidates = ['nginx', '/usr/sbin/nginx', '/usr/local/sbin/nginx']

export const findNginx = () => candidates.find((command) => spawnSync(command, ['-v']).status === 0)

/** The command that serves the directories `site` and `landing`; nginx where it is installed. */
export async function originCommand({ host, port, site, landingPort, landing, work, nginx }) {
  if (!nginx) {
    return [process.execPath, fileServer, host, `${port}`, site, `${landingPort}`, landing]
  }
  const own = join(work, 'nginx')
  await mkdir(own, { recursive: true })
  // Started by root, nginx serves as an unprivileged user, who must be able to walk to the files.
  await chmod(work, 0o711)
  const config = join(own, 'nginx.conf')
  const servers = [server(host, port, site), server(host, landingPort, landing)]
  await writeFile(config, nginxConfig(own, servers.join('')))
  return [nginx, '-p', own, '-c', config, '-e', 'stderr']
}

const server = (host, port, directory) => `
  server {
    listen ${host}:${port};
    root "${directory}";
  }
`

const nginxConfig = (own, servers) => `daemon off;
worker_processes 1;
pid "${own}/nginx.pid";
error_log stderr;
events { worker_connections 512; }
http {
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  keepalive_requests 100000;
  client_body_temp_path "${own}/body";
  proxy_temp_path "${own}/proxy";
  fastcgi_temp_path "${own}/fastcgi";
  uwsgi_temp_path "${own}/uwsgi";
  scgi_temp_path "${own}/scgi";
  types {
${Object.entries(mimeTypes)
  .map(([extension, type]) => `    ${type.split(';')[0]} ${extension.slice(1)};`)
  .join('\n')}
  }
  default_type application/octet-stream;
  charset utf-8;
  charset_types text/html;
${servers}}
`
