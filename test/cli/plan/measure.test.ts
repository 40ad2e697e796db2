// `tmpfleet plan --measure`: the cost of a start, from sandboxes of real engines.
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { measure } from '../../../cli/plan/measure.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { echoCommand } from '../../contract/engine-contract.ts';
import { describeNeeding } from '../../lab/needs.ts';

/** In a temporary directory of the test's own: other suites measure, too. @returns what is in it */
function ownTemporary(): () => readonly string[] {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-measure-'));
  onTestFinished(() => {
    vi.unstubAllEnvs();
    rmSync(dir, { recursive: true, force: true });
  });
  vi.stubEnv('TMPDIR', dir);
  return () => readdirSync(dir);
}

describeNeeding(['docker'], 'what a start costs', ({ docker }) => {
  const host = dockerHost(docker);

  test.each([
    ['a container', docker.tinyImage, 1_000_000],
    ['a process', 'local', 1_000_000],
  ])('%s: time, processor time and memory of real starts, and nothing is left', async (_, image, least) => {
    const left = ownTemporary();
    const words: string[] = [];
    const measured = await measure(
      { measure: image, command: echoCommand(host) },
      (each) => void words.push(each),
      { ...process.env, DOCKER_HOST: docker.host },
    );
    expect(measured.startMs).toBeGreaterThan(0);
    expect(measured.startCpuMs).toBeGreaterThan(0);
    expect(measured.removeMs).toBeGreaterThan(0);
    expect(measured.memoryBytes).toBeGreaterThan(least);
    expect(words.at(-1)).toBe('sandbox 4 of 4 starts');
    const containers = await host.client.listContainers({ all: true });
    const names = containers.flatMap(({ Names }) => Names);
    expect(names.filter((name) => name.includes('plan-'))).toEqual([]);
    expect(left()).toEqual([]);
  });

  test('where Docker does not answer, that is what is said', async () => {
    const nowhere = { ...process.env, DOCKER_HOST: 'unix:///nowhere/docker.sock' };
    const failing = measure({ measure: docker.tinyImage, command: '' }, () => undefined, nowhere);
    await expect(failing).rejects.toThrow(/nowhere/);
  });
});
