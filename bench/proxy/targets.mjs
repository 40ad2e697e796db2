// The proxies of the bench: how each is started, or why it cannot be.
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../common/places.mjs';
import { findProgram } from './debian.mjs';
import { idOf, requestOf } from './rows.mjs';

const PROXIES = fileURLToPath(new URL('./proxies.mjs', import.meta.url));

/** The target that all others are divided by. */
export const REFERENCE = 'relay';

/**
 * @param ports of the sandboxes
 * @param dists `{label, dist}` of each build of ours
 * @param only names, or the beginnings of names, of what is wanted beside the relay
 */
export async function startTargets({ places, ports, dists, only }) {
  const given = { places, ports };
  const starts = {
    [REFERENCE]: () => startNode(given, 'relay'),
    ...Object.fromEntries(dists.map(({ label, dist }) => [label || 'ours', () => startOurs(given, dist)])),
    'http-proxy-3': () => startNode(given, 'http-proxy-3'),
    'configurable-http-proxy': () => startNode(given, 'chp'),
    nginx: () => startNginx(given),
    haproxy: () => startHaproxy(given),
  };
  const targets = [];
  const skipped = [];
  for (const [name, start] of Object.entries(starts)) {
    const isWanted = only === undefined || only.some((wanted) => name.startsWith(wanted));
    if (!isWanted && name !== REFERENCE) continue;
    const started = await start();
    if (started.why === undefined) {
      await answers(name, started.port);
      targets.push({ name, ...started });
    } else skipped.push({ name, why: started.why });
  }
  return { targets, skipped };
}

async function startNode({ places, ports }, role, more = []) {
  const { child, hello } = await places.program('server', [PROXIES, role, JSON.stringify(ports), ...more]);
  return { port: hello.port, pid: child.pid };
}

function startOurs(given, dist) {
  const script = join(dist, 'node-agent', 'proxy', 'proxy.js');
  if (!existsSync(script)) throw new Error(`${script} does not exist: run npm run build first`);
  return startNode(given, 'ours', [dist]);
}

async function startNginx(given) {
  const program = findProgram('nginx');
  return program.why === undefined ? startProgram(given, program, 'nginx') : program;
}

async function startHaproxy(given) {
  const program = findProgram('haproxy');
  return program.why === undefined ? startProgram(given, program, 'haproxy') : program;
}

async function startProgram({ places, ports }, { file, env }, name) {
  const port = await freePort();
  const config = join(places.dir, `${name}.conf`);
  writeFileSync(config, name === 'nginx' ? nginxConfig(places.dir, port, ports) : haproxyConfig(port, ports));
  const check =
    name === 'nginx'
      ? ['-t', '-q', '-p', places.dir, '-c', config, '-e', 'stderr']
      : ['-c', '-q', '-f', config];
  const { status, error, stderr } = spawnSync(file, check, { env, encoding: 'utf8' });
  if (status !== 0)
    return { why: `${name} does not start: ${(error?.message ?? stderr).trim().split('\n').at(-1)}` };
  const run =
    name === 'nginx' ? ['-p', places.dir, '-c', config, '-e', 'stderr'] : ['-db', '-q', '-f', config];
  const { pid } = places.spawn('server', file, run, { env });
  return { port, pid };
}

/** One process, connections kept to readers and to sandboxes. */
function nginxConfig(dir, port, ports) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  );
  const upstreams = ports.map(
    (each, index) =>
      `upstream ${idOf(index)} { server 127.0.0.1:${each}; keepalive 16; keepalive_requests 1000000000; }`,
  );
  // Not one location with a variable: nginx would look for its upstream among all of them, one after another.
  const locations = ports.map(
    (_, index) => `location /user/${idOf(index)}/ { proxy_pass http://${idOf(index)}; }`,
  );
  return `daemon off; master_process off; pid ${dir}/nginx.pid; worker_rlimit_nofile 8192;
events { worker_connections 4096; }
http {
  access_log off; keepalive_requests 1000000000; ${temporary.join(' ')}
  map $http_upgrade $connection_of { default upgrade; '' ''; }
  ${upstreams.join('\n  ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $connection_of;
    proxy_set_header X-Forwarded-For $remote_addr;
    ${locations.join('\n    ')}
  }
}
`;
}

function haproxyConfig(port, ports) {
  const backends = ports.map(
    (each, index) => `backend ${idOf(index)}\n  http-reuse always\n  server s 127.0.0.1:${each}`,
  );
  return `global
  nbthread 1
  maxconn 8192
defaults
  mode http
  option http-keep-alive
  option forwardfor
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 60s
frontend readers
  bind 127.0.0.1:${port} backlog 4096
  use_backend %[path,field(3,/)]
${backends.join('\n')}
`;
}

/** Checks an answer: a target that answered anything else would look fast. */
async function answers(name, port) {
  const { pathname } = new URL(requestOf(idOf(0), 100, false).split(' ', 2)[1], 'http://h');
  const [, cookie] = /\r\nCookie: (\S+)/.exec(requestOf(idOf(0), 100, false));
  let last;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      last = await fetch(`http://127.0.0.1:${port}${pathname}`, { headers: { cookie } });
      if (last.status === 200 && (await last.text()) === 'x'.repeat(100)) return;
    } catch (error) {
      last = error;
    }
    await delay(100);
  }
  throw new Error(`${name} does not proxy: ${last?.status ?? last}`);
}
