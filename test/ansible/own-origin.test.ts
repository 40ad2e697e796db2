// The TLS role for a node whose sandboxes have host names of their own: one certificate for the node and for all names below it.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { request } from 'undici';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type DebianHost, type DebianLab, startDebianHosts } from '../lab/debian/host.ts';
import { ensurePackages } from '../lab/install.ts';
import { describeNeeding } from '../lab/needs.ts';
import { Controller, PLAYBOOKS, TEST_MS } from './controller.ts';
import { routeTo, takeRoute } from './readers.ts';

const NODE = 'node1.fleet.test';
const SANDBOX = `${'0'.repeat(40)}.${NODE}`;

const PLAYBOOK = `
- hosts: nodes
  become: true
  roles:
    - ${join(PLAYBOOKS, 'roles', 'settings')}
    - ${join(PLAYBOOKS, 'roles', 'tls')}
`;

/** In the node-agent's place: answers with the host that it was asked for. */
const ECHO = `
import http.server
class Echo(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = (self.headers['Host'] + ' ' + self.headers['X-Forwarded-Proto']).encode()
        self.send_response(200)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
http.server.ThreadingHTTPServer(('127.0.0.1', 8000), Echo).serve_forever()
`;

describeNeeding(['debian'], 'a node with a sandbox domain, by the playbooks', () => {
  let lab: DebianLab;
  let controller: Controller;
  let playbook = '';
  beforeAll(async () => {
    lab = await startDebianHosts([NODE]);
    controller = new Controller({
      lab,
      groups: { redirectors: [], nodes: [NODE] },
      variables: {
        tmpfleet_front_name: 'try.fleet.test',
        tmpfleet_tls: 'ca',
        tmpfleet_sandbox_domain: '{{ tmpfleet_node_name }}',
      },
    });
    playbook = join(controller.dir, 'tls.yml');
    writeFileSync(playbook, PLAYBOOK);
  }, TEST_MS);
  afterAll(async () => {
    controller?.forget();
    await lab?.stop();
  });
  const host = (): DebianHost => {
    const found = lab.hosts.get(NODE);
    if (found === undefined) throw new Error('the host did not start');
    return found;
  };

  test('stops where the wildcard DNS record is missing, and says which one', {
    timeout: TEST_MS,
  }, async () => {
    await expect(controller.play(playbook)).rejects.toThrow(
      /tmpfleet-check\.node1\.fleet\.test has no address\. Give \*\.node1\.fleet\.test\s+a DNS record/,
    );
  });

  test('stops where a public authority would need a DNS challenge', { timeout: TEST_MS }, async () => {
    await expect(controller.play(playbook, { tmpfleet_tls: 'acme' })).rejects.toThrow(
      /that takes\s+tmpfleet_tls_dns/,
    );
  });

  test('has a certificate for the names of sandboxes, whose requests keep their Host', {
    timeout: TEST_MS,
  }, async () => {
    // What a wildcard record does; the lab's hosts have no name server.
    await host().shell(`echo '127.0.0.1 tmpfleet-check.${NODE}' >> /etc/hosts`);
    const recaps = await controller.play(playbook);
    expect(recaps.get(NODE)).toMatchObject({ failed: 0, unreachable: 0 });
    await host().shell(`systemd-run --quiet python3 -c "$(cat <<'END'\n${ECHO}\nEND\n)"`);
    const leaveRoute = takeRoute(routeTo(lab, readFileSync(join(controller.dir, 'ca', 'ca.pem'), 'utf8')));
    try {
      for (const name of [NODE, SANDBOX]) {
        // Caddy waits for the program behind it; undici checks the certificate against the name.
        const answer = await request(`https://${name}/`);
        expect([answer.statusCode, await answer.body.text()]).toEqual([200, `${name} https`]);
      }
      await expect(request(`https://a.${SANDBOX}/`)).rejects.toThrow();
    } finally {
      await leaveRoute();
    }
    expect((await controller.play(playbook)).get(NODE)).toMatchObject({ changed: 0, failed: 0 });
  });

  test('runs a Caddy of the operator’s, whose environment is neither readable nor logged', {
    timeout: TEST_MS,
  }, async () => {
    await ensurePackages(['caddy']);
    const given = {
      tmpfleet_caddy_binary: '/usr/bin/caddy',
      tmpfleet_caddy_environment: { DNS_TOKEN: "a token with ' and $" },
    };
    const shell = (command: string): Promise<string> => host().shell(command);
    expect((await controller.play(playbook, given)).get(NODE)).toMatchObject({ failed: 0 });
    const pid = (await shell('systemctl show --property MainPID --value caddy')).trim();
    expect(await shell(`readlink /proc/${pid}/exe`)).toBe('/usr/local/bin/caddy\n');
    expect(await shell(`tr '\\0' '\\n' </proc/${pid}/environ | grep DNS_TOKEN`)).toBe(
      "DNS_TOKEN=a token with ' and $\n",
    );
    expect(await shell('stat -c %a:%U /etc/caddy/tmpfleet.env')).toBe('600:root\n');
    // `--environ` of Debian's unit would log it.
    expect(await shell(`tr '\\0' ' ' </proc/${pid}/cmdline`)).toBe(
      '/usr/local/bin/caddy run --config /etc/caddy/Caddyfile ',
    );
    expect((await controller.play(playbook, given)).get(NODE)).toMatchObject({ changed: 0, failed: 0 });
  });
});
