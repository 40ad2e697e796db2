// Freezing of processes.
import { readFileSync } from 'node:fs';
import { afterAll, expect, onTestFinished, test } from 'vitest';
import { newSpec } from '../../contract/engine-contract.ts';
import { localHost } from '../../contract/local-host.ts';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { processesWith } from '../../support/processes.ts';
import { until } from '../../support/until.ts';
import { freezingContract } from './contract.ts';

freezingContract('the local engine', {
  command: `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`,
});

const host = localHost();
afterAll(() => host.remove());

/** As Jupyter does with a kernel: a process in a group of its own, which ends with its parent's SIGTERM. */
const PARENT = [
  'const child = require("child_process").spawn(process.execPath, ["-e", "for (;;) {}", process.argv[1]], { detached: true });',
  'process.on("SIGTERM", () => { child.kill("SIGKILL"); process.exit(); });',
  'setInterval(String, 1e9);',
].join(' ');

test('what a sandbox has started in another process group is frozen with it, and ends with it', async () => {
  const engine = host.engine('freezing-groups', `${host.node} -e '${PARENT}' {token}`);
  onTestFinished(() => engine.close({ purge: true }));
  await engine.open(() => undefined);
  const spec = newSpec();
  await engine.start(spec);
  const child = await until('its child runs', () => processesWith(`for (;;) {}\0${spec.token}`)[0]);
  const state = (): string =>
    / ([A-Z]) /.exec(readFileSync(`/proc/${child}/stat`, 'utf8').split(')')[1] ?? '')?.[1] ?? '';
  await engine.freeze(spec.id);
  expect(state()).toBe('T');
  await engine.thaw(spec.id);
  expect(state()).not.toBe('T');
  await engine.freeze(spec.id);
  await engine.remove(spec.id);
  expect(processesWith(spec.token)).toEqual([]);
});
