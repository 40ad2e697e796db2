// The playbooks on hosts with Debian 13 and Ubuntu 24.04, by an Ansible that can work with their Python: Debian 12's cannot. Ubuntu
// needs a mirror of Debian whose host carries Ubuntu, too.
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { Controller, TEST_MS } from '../ansible/controller.ts';
import { type Route, routeTo, takeRoute } from '../ansible/readers.ts';
import { ARCHIVE_MS, ensureArchive } from '../lab/archive.ts';
import { type DebianLab, startDebianHosts } from '../lab/debian/host.ts';
import { aptSources } from '../lab/images/apt-sources.ts';
import { ensureJupyterArchive } from '../lab/images/image-archive.ts';
import { describeNeeding } from '../lab/needs.ts';
import { cacheDir } from '../lab/places.ts';
import { run } from '../lab/run.ts';
import { Jupyter } from '../support/jupyter.ts';
import { Reader } from '../support/reader.ts';

const HOST = 'node1.fleet.test';
const FRONT = 'try.fleet.test';

for (const [system, suite, python] of [
  ['Debian 13', 'trixie', '3\\.13'],
  ['Ubuntu 24.04', 'noble', '3\\.12'],
] as const)
  describeNeeding(['debian'], `the playbooks on ${system}`, () => {
    let lab: DebianLab;
    let controller: Controller;
    const pathBefore = process.env.PATH;
    beforeAll(async () => {
      const image = await ensureJupyterArchive();
      lab = await startDebianHosts([HOST, FRONT], suite);
      controller = new Controller({
        lab,
        groups: { redirectors: [FRONT], nodes: [HOST], monitoring: [FRONT] },
        variables: {
          tmpfleet_archive: await ensureArchive(),
          tmpfleet_front_name: FRONT,
          tmpfleet_tls: 'ca',
          tmpfleet_image: image.image,
          tmpfleet_image_archive: image.path,
          tmpfleet_capacity: 4,
          tmpfleet_warm: 2,
          tmpfleet_alert_receiver: { webhook_configs: [{ url: 'http://127.0.0.1:9999/' }] },
        },
      });
    }, TEST_MS + ARCHIVE_MS);
    afterAll(async () => {
      process.env.PATH = pathBefore;
      controller?.forget();
      await lab?.stop();
    });

    test('Debian 12’s Ansible says that it is too old', { timeout: TEST_MS }, async () => {
      await expect(controller.play('site.yml')).rejects.toThrow(
        new RegExp(`has Python ${python}, which needs ansible-core 2\\.17 or newer`),
      );
    });

    test('a fleet comes up, serves a notebook, and a second run changes nothing', {
      timeout: 3 * TEST_MS,
    }, async () => {
      process.env.PATH = `${await newerAnsible()}:${pathBefore}`;
      for (const recap of (await controller.play('site.yml', {}, ['--check'])).values())
        expect(recap).toMatchObject({ failed: 0, unreachable: 0 });
      for (const recap of (await controller.play('site.yml')).values())
        expect(recap).toMatchObject({ failed: 0, unreachable: 0 });
      const route: Route = routeTo(lab, readFileSync(join(controller.dir, 'ca', 'ca.pem'), 'utf8'));
      const leave = takeRoute(route);
      try {
        const landing = await new Reader().click(`https://${FRONT}/notebooks/intro.ipynb`);
        const notebook = new Jupyter(`https://${HOST}/user/${landing.sandbox}/`, {
          ...route,
          headers: landing.own,
        });
        expect(await notebook.run('print(6 * 7)')).toBe('42\n');
      } finally {
        await leave();
      }
      for (const recap of (await controller.play('site.yml')).values())
        expect(recap).toMatchObject({ changed: 0, failed: 0 });
    });
  });

/** Debian 13's own Ansible, whose code runs on this machine's Python. @returns the directory of its programs */
async function newerAnsible(): Promise<string> {
  const dir = await mkdtemp(join(cacheDir(), 'ansible-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { lines } = await aptSources('trixie');
  await mkdir(join(dir, 'lists', 'partial'), { recursive: true });
  await mkdir(join(dir, 'bin'));
  await writeFile(join(dir, 'sources.list'), lines.join('\n'));
  const places = ['Etc::SourceList=sources.list', 'Etc::SourceParts=-', 'State::Lists=lists', 'Cache=cache'];
  const apt = `apt-get ${places.map((place) => `-o Dir::${place.replace(/=(?!-)/, `=${dir}/`)}`).join(' ')}`;
  const start = `#!/bin/sh\nPYTHONPATH=${dir}/root/usr/lib/python3/dist-packages exec /usr/bin/python3 ${dir}/root/usr/bin/ansible-playbook "$@"`;
  await writeFile(join(dir, 'bin', 'ansible-playbook'), start, { mode: 0o755 });
  const script = `cd ${dir}; ${apt} update -qq; ${apt} download -qq ansible-core; dpkg-deb -x ansible-core_*.deb root`;
  await run('sh', ['-ec', script], { timeout: TEST_MS });
  return join(dir, 'bin');
}
