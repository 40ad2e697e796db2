// The targets of the bench: how each is started, or why it cannot be.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort } from '../common/places.mjs';

const SERVERS = fileURLToPath(new URL('./servers.mjs', import.meta.url));
const NODES = 4;
const SECRET = { TMPFLEET_SECRET: 'the-secret-of-the-bench-fleet' };

const STARTS = {
  nginx: startNginx,
  raw: (given) => startPlain('raw', given),
  koa: (given) => startPlain('koa', given),
  'tmpnb-redirector': startTmpnb,
};

/**
 * @param only names, or the beginnings of names, of what is wanted
 * @param dists `{label, dist}` of each build of ours
 */
export async function startTargets({ places, dists, only, tmpnb }) {
  const { hello } = await places.program('other', [SERVERS, 'nodes', String(NODES)]);
  const given = { places, tmpnb, nodes: hello.urls };
  const targets = [];
  const skipped = [];
  for (const [name, start] of [...Object.entries(STARTS), ...dists.flatMap(startsOf)]) {
    if (only !== undefined && !only.some((wanted) => name.startsWith(wanted))) continue;
    const started = await start(given);
    if (started.why === undefined) {
      await redirects(name, started.port);
      targets.push({ name, ...started });
    } else skipped.push({ name, ...started });
  }
  return { targets, skipped };
}

/** A build with and without a secret: with one, each redirect has a ticket. */
function startsOf({ label, dist }) {
  const behind = label === '' ? '' : ` (${label})`;
  return [
    [`ours without secret${behind}`, (given) => startOurs({ ...given, dist }, {})],
    [`ours with secret${behind}`, (given) => startOurs({ ...given, dist }, SECRET)],
  ];
}

async function startPlain(role, { places }) {
  const { child, hello } = await places.program('server', [SERVERS, role]);
  return { port: hello.port, pid: child.pid };
}

async function startOurs({ places, dist, nodes }, env) {
  const script = join(dist, 'cli', 'main.js');
  if (!existsSync(script)) throw new Error(`${script} does not exist: run npm run build first`);
  const dataDir = mkdtempSync(join(places.dir, 'data-'));
  const { child, hello } = await places.program(
    'server',
    [
      ...[script, 'redirector', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
      ...['--data-dir', dataDir, '--nodes', nodes.join(','), '--log-level', 'error'],
    ],
    env,
  );
  return { port: Number(new URL(hello.ready.url).port), pid: child.pid };
}

async function startNginx({ places }) {
  if (spawnSync('nginx', ['-v']).error !== undefined) return { why: 'nginx is not installed' };
  const port = await freePort();
  const config = join(places.dir, 'nginx.conf');
  writeFileSync(config, nginxConfig(places.dir, port));
  const { pid } = places.spawn('server', 'nginx', ['-p', places.dir, '-c', config, '-e', 'stderr']);
  return { port, pid };
}

function nginxConfig(dir, port) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${dir}/${kind};`,
  );
  return `daemon off; master_process off; pid ${dir}/nginx.pid;
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 1000000000; ${temporary.join(' ')}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    add_header Cache-Control no-store always;
    return 302 http://127.0.0.1:1$request_uri;
  }
}
`;
}

async function startTmpnb({ places, tmpnb, nodes }) {
  if (tmpnb === undefined) return { why: 'no --tmpnb-redirector <path of redirector.py>' };
  if (!existsSync(tmpnb)) throw new Error(`${tmpnb} does not exist`);
  const python = ['/usr/bin/python3', 'python3'].find(
    (file) => spawnSync(file, ['-c', 'import tornado']).status === 0,
  );
  if (python === undefined) return { why: 'tornado is not installed (apt-get install python3-tornado)' };
  const [port, apiPort] = [await freePort(), await freePort()];
  const args = [tmpnb, `--port=${port}`, `--api_port=${apiPort}`, '--stats_period=2'];
  const { pid } = places.spawn('server', python, args, { stdio: 'ignore' });
  await answering(apiPort);
  for (const host of nodes)
    await fetch(`http://127.0.0.1:${apiPort}/hosts`, { method: 'POST', body: JSON.stringify({ host }) });
  return { port, pid };
}

/** Checks the answer: a target that answered anything else would look fast. */
async function redirects(name, port) {
  let last;
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      last = await fetch(`http://127.0.0.1:${port}/notebooks/intro.ipynb?x=1`, { redirect: 'manual' });
      if (last.status === 302 && /^http:.*\/notebooks\/intro\.ipynb/.test(last.headers.get('location')))
        return;
    } catch (error) {
      last = error;
    }
    await delay(100);
  }
  throw new Error(`${name} does not redirect: ${last?.status ?? last}`);
}

async function answering(port) {
  for (let attempt = 0; attempt < 100; attempt += 1) {
    try {
      return await fetch(`http://127.0.0.1:${port}/`);
    } catch {
      await delay(100);
    }
  }
  throw new Error(`nothing listens on ${port}`);
}
