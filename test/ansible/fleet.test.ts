// The playbooks on bare Debian hosts: a fleet comes up, a second run changes nothing, it is updated and rotated below
// readers. Everything is real: systemd, sshd, Docker, Caddy, Jupyter; only the wires are virtual.
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ARCHIVE_MS, ensureArchive } from '../lab/archive.ts';
import { type DebianHost, type DebianLab, startDebianHosts } from '../lab/debian/host.ts';
import { ensureJupyterArchive } from '../lab/images/image-archive.ts';
import { describeNeeding } from '../lab/needs.ts';
import { run } from '../lab/run.ts';
import { Jupyter } from '../support/jupyter.ts';
import { type Landing, Reader } from '../support/reader.ts';
import { until } from '../support/until.ts';
import { Controller, PLAY_MS, type Recap, TEST_MS } from './controller.ts';
import { type Route, routeTo, Stream, takeRoute } from './readers.ts';

const FRONT = 'try.fleet.test';
const [OLD, STAYS, NEW] = ['node1.fleet.test', 'node2.fleet.test', 'node3.fleet.test'] as const;
const ARTICLE = `https://${FRONT}/notebooks/intro.ipynb`;
/** A reader without requests for this long has left. */
const IDLE_S = 8;
/** What a host's own Docker was told before, of which the play must keep what it has no reason to change. */
const DOCKER_BEFORE = { 'max-concurrent-downloads': 2, 'log-opts': { 'max-file': '5' } };
/** A Docker that was there before, with a container of its own, which would end with Docker. */
const DOCKER_WITHOUT_LIVE_RESTORE = `set -e
export DEBIAN_FRONTEND=noninteractive
apt-get install -qq -y --no-install-recommends docker.io iptables >/dev/null
tar -ch $(ldd /usr/bin/sleep | grep -o '/[^ ]*') /usr/bin/sleep 2>/dev/null | docker import - sleeper
docker run --detach --name older --network none sleeper /usr/bin/sleep 1d`;
/** An alert that is always there, besides the fleet's own. */
const ALWAYS = 'groups: [{name: test, interval: 1s, rules: [{alert: Always, expr: vector(1)}]}]';
/** All nodes at once, where no reader is on them. */
const AT_ONCE = { tmpfleet_serial: '100%' };

describeNeeding(['debian'], 'a fleet by the playbooks', () => {
  let work: string;
  let image: { readonly image: string; readonly path: string };
  let archive: string;
  let lab: DebianLab;
  let controller: Controller;
  let route: Route;
  let leaveRoute: (() => Promise<void>) | undefined;

  beforeAll(async () => {
    work = await mkdtemp(join(tmpdir(), 'tmpfleet-ansible-'));
    image = await ensureJupyterArchive();
    lab = await startDebianHosts([FRONT, OLD, STAYS, NEW]);
    archive = await ensureArchive();
    const rules = join(work, 'always.yml');
    writeFileSync(rules, ALWAYS);
    const containers = join(work, 'containers.yaml');
    writeFileSync(containers, 'tmpfs: {/scratch: 64m}\n');
    controller = new Controller({
      lab,
      groups: { redirectors: [FRONT], nodes: [OLD, STAYS], monitoring: [FRONT] },
      variables: {
        tmpfleet_archive: archive,
        tmpfleet_front_name: FRONT,
        tmpfleet_tls: 'ca',
        tmpfleet_image: image.image,
        tmpfleet_image_archive: image.path,
        tmpfleet_capacity: 16,
        tmpfleet_warm: 2,
        // All readers of this test come from one address.
        tmpfleet_node_agent_options: {
          ...{ idle: `${IDLE_S}s`, 'cull-interval': '1s', lease: '30s', 'client-sandboxes': 0 },
          'shutdown-grace': '1s',
        },
        tmpfleet_container_options_file: containers,
        tmpfleet_docker_options: { 'registry-mirrors': ['https://mirror.fleet.test'] },
        // Of those that a host of the lab can change, one that is lower there and one that is higher.
        tmpfleet_sysctl: { 'net.core.somaxconn': 9000, 'net.ipv4.tcp_max_syn_backlog': 2 },
        tmpfleet_prometheus_rules: ['{{ playbook_dir }}/../monitoring/prometheus/tmpfleet.rules.yml', rules],
        tmpfleet_alert_receiver: { webhook_configs: [{ url: 'http://127.0.0.1:9999/' }] },
        tmpfleet_alertmanager_options: { route: { group_wait: '0s' } },
        tmpfleet_drain_deadline: '10m',
      },
    });
  }, TEST_MS + ARCHIVE_MS);
  afterAll(async () => {
    await leaveRoute?.();
    controller?.forget();
    await lab?.stop();
    await rm(work, { recursive: true, force: true });
  });

  const host = (name: string): DebianHost => {
    const found = lab.hosts.get(name);
    if (found === undefined) throw new Error(`no host is called ${name}`);
    return found;
  };
  /** The host's answer from an address; by the Python that Ansible needs, because there is no curl. */
  const fetchAt = async (name: string, url: string, authorization = ''): Promise<string> => {
    const headers = JSON.stringify(authorization === '' ? {} : { Authorization: authorization });
    const script = `import urllib.request as r; print(r.urlopen(r.Request("${url}", headers=${headers})).read().decode())`;
    return host(name).shell(`python3 -c '${script}'`);
  };
  /** A secret that the first play made beside the inventory. */
  const made = (name: string): string => readFileSync(join(controller.dir, 'secrets', name), 'utf8').trim();
  const nodeStates = async (): Promise<Record<string, unknown>> => {
    const { nodes }: { nodes: { id: string; state: unknown }[] } = JSON.parse(
      await fetchAt(FRONT, 'http://127.0.0.1:9001/api/nodes', `Bearer ${made('control-token')}`),
    );
    return Object.fromEntries(nodes.map(({ id, state }) => [id, state]));
  };
  /** As an operator who logs in there types it: without this machine's environment. */
  const examine = async (name: string, flags: string): Promise<z.infer<typeof doctorSchema>> => {
    const env =
      'env -i HOME=/root TMPFLEET_CONTROL_TOKEN_FILE=/etc/tmpfleet/control-token PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
    const command = `cd /root; ${env} tmpfleet doctor ${flags} --json 2>&1 || true`;
    const printed = await host(name).shell(command, PLAY_MS);
    if (!printed.startsWith('{')) throw new Error(`the doctor printed no JSON:\n${printed}`);
    const told = doctorSchema.parse(JSON.parse(printed));
    for (const { check, level, detail } of told.findings)
      process.stderr.write(`  ${level} ${check}: ${detail}\n`);
    return told;
  };
  const landAt = async (name: string): Promise<{ reader: Reader; landing: Landing; notebook: Jupyter }> => {
    for (let tries = 0; tries < 20; tries += 1) {
      const reader = new Reader();
      const landing = await reader.click(ARTICLE);
      if (new URL(landing.url).hostname !== name) continue;
      expect(landing.status).toBe(200);
      const base = `https://${name}/user/${landing.sandbox}/`;
      return { reader, landing, notebook: new Jupyter(base, { ...route, headers: landing.own }) };
    }
    throw new Error(`twenty readers, and none was sent to ${name}`);
  };

  test('stops at a system that it does not know', { timeout: TEST_MS }, async () => {
    const shell = (command: string): Promise<string> => host(OLD).shell(command);
    await shell('cp /usr/lib/os-release /tmp; sed -i s/^VERSION_ID=.*/VERSION_ID=11/ /usr/lib/os-release');
    await expect(controller.play('site.yml', {}, ['--limit', OLD])).rejects.toThrow(
      /node1\.fleet\.test is Debian.*; supported are Debian 12, Debian 13, Ubuntu 24\.04/,
    );
    await shell('mv /tmp/os-release /usr/lib/os-release');
  });

  test('with --check on bare hosts says what it would change, and changes nothing', {
    timeout: TEST_MS,
  }, async () => {
    const recaps = await controller.play('site.yml', {}, ['--check']);
    expectNoFailure(recaps);
    for (const { changed } of recaps.values()) expect(changed).toBeGreaterThan(2);
    for (const name of [FRONT, OLD]) {
      const found = 'ls -d /etc/tmpfleet /opt/tmpfleet /etc/caddy /etc/docker /etc/sysctl.d/90-tmpfleet.conf';
      expect(await host(name).shell(`${found} 2>/dev/null || true`)).toBe('');
    }
    expect(readdirSync(controller.dir)).not.toContain('ca');
  });

  test('comes up on bare hosts, and a reader runs a notebook through TLS', { timeout: TEST_MS }, async () => {
    const before = JSON.stringify(DOCKER_BEFORE);
    await host(OLD).shell(`mkdir /etc/docker; echo '${before}' > /etc/docker/daemon.json`);
    await host(FRONT).shell(`systemd-run --quiet python3 -c "$(cat <<'END'\n${RECEIVER}\nEND\n)"`);
    await host(STAYS).shell(DOCKER_WITHOUT_LIVE_RESTORE, PLAY_MS);
    expectNoFailure(await controller.play('site.yml', AT_ONCE));
    expect(await host(STAYS).shell('docker ps --filter name=older --format "{{.Status}}"')).toMatch(/^Up /);
    await host(STAYS).shell('docker rm --force older');
    route = routeTo(lab, readFileSync(join(controller.dir, 'ca', 'ca.pem'), 'utf8'));
    leaveRoute = takeRoute(route);
    const { notebook, landing } = await landAt(OLD);
    expect(await notebook.run('print(6 * 7)')).toBe('42\n');
    // Scripts are compressed, and pages, whose size would tell of their secrets, are not.
    const [, script = ''] = /<script src="([^"]+\.js[^"]*)"/.exec(landing.body) ?? [];
    const encodings = [script, landing.url].map(async (path) => {
      const headers = { ...landing.own, 'accept-encoding': 'gzip' };
      const answer = await request(new URL(path, landing.url), { headers });
      await answer.body.dump();
      return answer.headers['content-encoding'];
    });
    expect(await Promise.all(encodings)).toEqual(['gzip', undefined]);
    expect(await host(OLD).shell('systemctl --failed --no-legend; systemctl is-active docker caddy')).toBe(
      'active\nactive\n',
    );
  });

  test('a second run changes nothing, and would change nothing with --check', {
    timeout: TEST_MS,
  }, async () => {
    // One node shows what every node shows.
    const check = ['--check', '--limit', `${FRONT},${OLD}`];
    const [second, checked] = await Promise.all([
      controller.play('site.yml', AT_ONCE),
      controller.play('site.yml', AT_ONCE, check),
    ]);
    expectNoFailure(second);
    expectNoFailure(checked);
    expect([...second.values()].map(({ changed }) => changed)).toEqual([0, 0, 0]);
    expect([...checked.values()].map(({ changed }) => changed)).toEqual([0, 0]);
  });

  test('Docker keeps what it was told before, and has room for the networks of sandboxes', async () => {
    const shell = (command: string): Promise<string> => host(OLD).shell(command);
    expect(JSON.parse(await shell('cat /etc/docker/daemon.json'))).toEqual({
      ...DOCKER_BEFORE,
      'log-driver': 'json-file',
      'log-opts': { 'max-size': '1m', 'max-file': '5' },
      'live-restore': true,
      'default-address-pools': [{ base: '172.28.0.0/14', size: 22 }],
      'registry-mirrors': ['https://mirror.fleet.test'],
    });
    expect(await shell('docker info --format "{{.LiveRestoreEnabled}}"')).toBe('true\n');
    const networks = 'docker network ls --quiet --filter label=tmpfleet.node';
    expect(
      await shell(`docker network inspect $(${networks}) --format "{{(index .IPAM.Config 0).Subnet}}"`),
    ).toMatch(/^172\.(28|29|30|31)\.\d+\.0\/22$/m);
  });

  test('the kernel’s settings are raised and not lowered, and the clock is kept', async () => {
    const shell = (command: string): Promise<string> => host(OLD).shell(command);
    const written = await shell('cat /etc/sysctl.d/90-tmpfleet.conf');
    expect(written).toMatch(/^net\.netfilter\.nf_conntrack_max = \d{7,}$/m);
    expect(await shell('sysctl -n net.core.somaxconn')).toBe('9000\n');
    const backlog = Number(await shell('sysctl -n net.ipv4.tcp_max_syn_backlog'));
    expect(backlog).toBeGreaterThan(2);
    expect(written).toContain(`net.ipv4.tcp_max_syn_backlog = ${backlog}\n`);
    expect(await shell('systemctl is-enabled systemd-timesyncd')).toBe('enabled\n');
  });

  test('the file for further options of containers is used, and a wrong one is not', {
    timeout: TEST_MS,
  }, async () => {
    const shell = (command: string): Promise<string> => host(OLD).shell(command);
    const files = (): Promise<string> => shell('stat -c %a:%U:%n /etc/tmpfleet/containers-*');
    const before = await files();
    expect(before).toMatch(/^644:root:\S+\.yaml\n$/);
    const sandboxes = '$(docker ps --quiet --filter label=tmpfleet.sandbox)';
    const tmpfs = await shell(`docker inspect ${sandboxes} --format "{{json .HostConfig.Tmpfs}}"`);
    expect(tmpfs).toContain('"/scratch"');
    const wrong = join(work, 'wrong.yaml');
    writeFileSync(wrong, 'tmpfs: {/scratch: 64parsecs}\n');
    const started = 'systemctl show --property ActiveEnterTimestampMonotonic tmpfleet-node-agent';
    const since = await shell(started);
    await expect(
      controller.play('site.yml', { tmpfleet_container_options_file: wrong }, [
        '--tags',
        'tmpfleet',
        '--limit',
        OLD,
      ]),
    ).rejects.toThrow(/64parsecs/);
    expect(await shell(started)).toBe(since);
    expect(await shell('cat /etc/tmpfleet/node-agent.yaml')).toContain(before.trim().split(':')[2]);
  });

  test('Prometheus scrapes every program, through TLS and with a token, and has the rules', {
    timeout: TEST_MS,
  }, async () => {
    const ask = async (path: string): Promise<unknown> =>
      JSON.parse(await fetchAt(FRONT, `http://127.0.0.1:9090/api/v1/${path}`, `Basic ${operator}`));
    const operator = Buffer.from(`operator:${made('prometheus-password')}`).toString('base64');
    await until(
      'all are scraped',
      async () => {
        const { data } = targetsSchema.parse(await ask('targets'));
        const ours = data.activeTargets.filter(({ labels }) => labels.job.startsWith('tmpfleet-'));
        if (ours.length === 3 && ours.every(({ health }) => health === 'up')) return true;
        throw new Error(JSON.stringify(ours));
      },
      60_000,
    );
    expect(JSON.stringify(await ask('rules'))).toContain('TmpfleetRegistryLost');
  });

  test('an alert reaches the receiver', { timeout: TEST_MS }, async () => {
    await until(
      'the receiver has the alert',
      async () => (await host(FRONT).shell('cat /run/alerts || true')).includes('"alertname":"Always"'),
      60_000,
    );
  });

  test('other users of a host reach neither Prometheus, Caddy’s admin API nor a control listener', async () => {
    const asNobody = (name: string, url: string): Promise<string> => {
      const script = `import urllib.request as r, urllib.error as e
try: print(r.urlopen("${url}").status)
except e.HTTPError as error: print(error.code)
except e.URLError: print("closed")`;
      return host(name).shell(`runuser -u nobody -- python3 -c '${script}'`);
    };
    expect(await asNobody(FRONT, 'http://127.0.0.1:9090/api/v1/targets')).toBe('401\n');
    expect(await asNobody(FRONT, 'http://127.0.0.1:9093/api/v2/alerts')).toBe('401\n');
    expect(await asNobody(FRONT, 'http://127.0.0.1:9001/api/nodes')).toBe('401\n');
    expect(await asNobody(OLD, 'http://127.0.0.1:10000/api/status')).toBe('401\n');
    for (const name of [FRONT, OLD])
      expect(await asNobody(name, 'http://127.0.0.1:2019/config/')).toBe('closed\n');
    expect(await host(OLD).shell('stat -c %a:%U /run/caddy')).toBe('700:caddy\n');
  });

  test('the agent on a host has only the rights in its unit, and only root can read its key', async () => {
    const shell = (command: string): Promise<string> => host(OLD).shell(command);
    const pid = (await shell('systemctl show --property MainPID --value tmpfleet-node-agent')).trim();
    const status = await shell(`cat /proc/${pid}/status`);
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).not.toBe('0');
    // CAP_NET_ADMIN, and nothing else.
    expect(/^CapBnd:\s+(\w+)/m.exec(status)?.[1]).toBe('0000000000001000');
    expect(await shell('stat -c %a:%U /etc/tmpfleet/node-key')).toBe('600:root\n');
    // The fleet's secret stays at the front.
    expect(await shell('ls /etc/tmpfleet')).not.toContain('fleet-secret');
    expect(
      await shell('cat /proc/*/cmdline /proc/*/environ | tr "\\0" "\\n" 2>/dev/null || true'),
    ).not.toContain(readFileSync(join(controller.dir, 'secrets', 'fleet-secret'), 'utf8').trim());
    // The rule that keeps sandboxes from this host's ports.
    expect(await shell('iptables -S INPUT')).toMatch(/-A INPUT -i tf-\w+ .*-j DROP/);
  });

  test('the doctor finds no failure with the agent’s options, and the agent goes on', {
    timeout: TEST_MS,
  }, async () => {
    const options = ['config=/etc/tmpfleet/node-agent.yaml', 'node-key-file=/etc/tmpfleet/node-key'];
    const flags = [...options, 'data-dir=/var/lib/tmpfleet-node-agent'].map((option) => `--${option}`);
    const { ok, findings } = await examine(OLD, flags.join(' '));
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([]);
    expect(ok).toBe(true);
    expect(await host(OLD).shell('systemctl is-active tmpfleet-node-agent')).toBe('active\n');
  });

  test('the doctor takes the whole path of a reader, by name, through TLS and into a kernel', {
    timeout: TEST_MS,
  }, async () => {
    const flags = `--front http://127.0.0.1:9001 --url https://${FRONT}`;
    const { ok, findings } = await examine(FRONT, flags);
    expect(findings.filter(({ level }) => level === 'fail')).toEqual([]);
    expect(ok).toBe(true);
    const said = findings.map(({ check, detail }) => `${check}: ${detail}`).join('\n');
    for (const name of [FRONT, OLD, STAYS])
      expect(said).toMatch(new RegExp(`certificate of ${name}: good until`));
    expect(said).toMatch(/a kernel ran print\(6\*7\)/);
  });

  test('is updated without a drain: readers keep their sandboxes', { timeout: TEST_MS }, async () => {
    const next = await repack(archive, work);
    const { notebook } = await landAt(OLD);
    expect(await notebook.upload('kept.txt', 'still here')).toBe(201);
    const kept = keepAlive(notebook);
    expectNoFailure(await controller.play('update-tmpfleet.yml', { tmpfleet_archive: next }));
    expect(await kept.leave()).toEqual([]);
    expect(await notebook.exists('kept.txt')).toBe(true);
    for (const name of [FRONT, OLD, STAYS]) {
      expect(await host(name).shell('readlink /opt/tmpfleet/current')).toContain(basename(next, '.tar.gz'));
    }
    archive = next;
  });

  test('is rotated under readers: no error, and no sandbox ended early', {
    timeout: TEST_MS,
  }, async () => {
    const { notebook } = await landAt(OLD);
    expect(await notebook.upload('mine.txt', 'not yet')).toBe(201);
    const staying = keepAlive(notebook);
    const stream = new Stream(ARTICLE, 8_000);
    controller.join('nodes', NEW);
    const rotation = controller.play('rotate.yml', {
      tmpfleet_archive: archive,
      bring_in: [NEW],
      take_out: [OLD],
    });
    // The play would wait for this reader until the deadline; the reader leaves once they have seen the drain.
    const draining = until(
      'the old node is drained of all but its reader',
      async () => {
        const states = await nodeStates();
        return states[OLD] === 'draining';
      },
      PLAY_MS,
    );
    await Promise.race([
      draining,
      rotation.then(() => Promise.reject(new Error('it did not wait for its reader'))),
    ]);
    expect(await notebook.exists('mine.txt')).toBe(true);
    expect(await staying.leave()).toEqual([]);
    expectNoFailure(await rotation);
    const atNew = (): boolean => stream.landings.some(({ url }) => new URL(url).hostname === NEW);
    await until('a reader has landed at the new node', atNew, 60_000);
    await stream.stop();
    process.stderr.write(
      `rotation: ${stream.landings.length} readers landed, ${stream.errors.length} errors\n`,
    );
    expect(stream.errors).toEqual([]);
    expect(stream.landings.length).toBeGreaterThan(5);
    expect(await nodeStates()).toEqual({ [STAYS]: 'ready', [NEW]: 'ready' });
    expect(await host(OLD).shell('systemctl is-active tmpfleet-node-agent || true')).toBe('inactive\n');
    expect(await host(OLD).shell('docker ps --quiet --filter label=tmpfleet.sandbox')).toBe('');
  });

  test('each step alone: a host added, another image, drained and taken back, retired', {
    timeout: 2 * TEST_MS,
  }, async () => {
    // One of the two is there already.
    const both = { node: `${OLD},${STAYS}`, tmpfleet_archive: archive };
    expectNoFailure(await controller.play('add-node.yml', both));
    expect(await nodeStates()).toMatchObject({ [OLD]: 'ready', [STAYS]: 'ready' });
    const other = { name: 'tmpfleet-lab/jupyter:another', path: join(work, 'another.tar') };
    await relabelImage(image, other);
    const variables = {
      tmpfleet_image: other.name,
      tmpfleet_image_archive: other.path,
      tmpfleet_archive: archive,
    };
    expectNoFailure(await controller.play('update-image.yml', { ...variables, tmpfleet_serial: [1, 2] }));
    for (const name of [OLD, STAYS, NEW]) {
      const stats = await fetchAt(name, 'http://127.0.0.1:8000/stats');
      expect(JSON.parse(stats)).toMatchObject({ container_image: other.name });
      // Where the label is, the image is another one, not only its name.
      const warm = await host(name).shell('docker ps --quiet --filter label=another=yes');
      expect(warm).not.toBe('');
    }
    expectNoFailure(await controller.play('drain-node.yml', { node: STAYS }));
    expect((await nodeStates())[STAYS]).toBe('drained');
    expectNoFailure(await controller.play('uncordon-node.yml', { node: STAYS }));
    expect((await nodeStates())[STAYS]).toBe('ready');
    expectNoFailure(await controller.play('retire-node.yml', { node: OLD }));
    expect(await nodeStates()).toEqual({ [STAYS]: 'ready', [NEW]: 'ready' });
  });
});

/** In the place of whom alerts are for. */
const RECEIVER = `
import http.server
class Receiver(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        with open('/run/alerts', 'ab') as file:
            file.write(self.rfile.read(int(self.headers['Content-Length'])))
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(('127.0.0.1', 9999), Receiver).serve_forever()
`;

const targetsSchema = z.object({
  data: z.object({
    activeTargets: z.array(
      z.object({ labels: z.object({ job: z.string() }), health: z.string(), lastError: z.string() }),
    ),
  }),
});

const doctorSchema = z.object({
  ok: z.boolean(),
  findings: z.array(z.object({ check: z.string(), level: z.string(), detail: z.string() })),
});

function expectNoFailure(recaps: ReadonlyMap<string, Recap>): void {
  expect(recaps.size).toBeGreaterThan(0);
  for (const [name, { failed, unreachable }] of recaps)
    expect([name, failed + unreachable]).toEqual([name, 0]);
}

/** A reader who goes on working until they leave; records every answer that is not their notebook. */
function keepAlive(notebook: Jupyter): { leave(): Promise<readonly string[]> } {
  const errors: string[] = [];
  let left = false;
  const working = (async () => {
    while (!left) {
      await notebook.exists('intro.ipynb').then(
        (there) => there || errors.push('it was not there'),
        (error: unknown) => errors.push(String(error)),
      );
      // They save their work, because a page that only asks again and again is not in use.
      await notebook.upload('work.txt', 'so far').then(
        (status) => status < 300 || errors.push(`not saved: ${status}`),
        (error: unknown) => errors.push(`not saved: ${error}`),
      );
      // The pace of a reader who works, not a wait for a condition.
      await delay(1_000);
    }
  })();
  return {
    leave: async () => {
      left = true;
      await working;
      return errors;
    },
  };
}

/** The same archive under another name: another version, as far as a host can tell. */
async function repack(archive: string, work: string): Promise<string> {
  const name = basename(archive, '.tar.gz');
  const dir = await mkdtemp(join(work, 'next-'));
  await run('tar', ['-xzf', archive, '-C', dir], { timeout: 120_000 });
  await rename(join(dir, name), join(dir, `${name}-next`));
  const next = join(work, `${name}-next.tar.gz`);
  // Quick rather than small: the archive goes no further than this machine.
  await run('tar', ['-I', 'gzip -1', '-cf', next, '-C', dir, `${name}-next`], { timeout: 120_000 });
  await rm(dir, { recursive: true, force: true });
  return next;
}

/**
 * An image of the same layers, with a label more. They are not in its archive, as hosts that have the first one have them.
 * @param name of the new image @param path where the archive is written
 */
async function relabelImage(
  from: { readonly path: string },
  { name, path }: { readonly name: string; readonly path: string },
): Promise<void> {
  const read = async (file: string) => JSON.parse(await run('tar', ['-xOf', from.path, file]));
  const [manifest] = await read('manifest.json');
  const image = await read(manifest.Config);
  const text = JSON.stringify({ ...image, config: { ...image.config, Labels: { another: 'yes' } } });
  const config = `${createHash('sha256').update(text).digest('hex')}.json`;
  const dir = await mkdtemp(join(dirname(path), 'image-'));
  writeFileSync(join(dir, config), text);
  writeFileSync(
    join(dir, 'manifest.json'),
    JSON.stringify([{ ...manifest, Config: config, RepoTags: [name] }]),
  );
  await run('tar', ['-cf', path, '-C', dir, 'manifest.json', config]);
}
