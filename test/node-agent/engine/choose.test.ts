// Which engine a node uses where no Docker answers.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../../node-agent/config-check.ts';
import { dockerOptions } from '../../../node-agent/engine/docker/options.ts';
import { chooseEngine } from '../../../node-agent/engine/index.ts';
import { chooseCommand } from '../../../node-agent/engine/local/command.ts';
import { loadConfig } from '../../../shared/config/load.ts';

const image = dockerOptions.image.default;
const nowhere = { dockerHost: 'unix:///nowhere/docker.sock', dockerCertPath: '' };

test('auto is local, and says why it is not Docker', async () => {
  const chosen = await chooseEngine({ engine: 'auto', image, ...nowhere }, {});
  expect(chosen.kind).toBe('local');
  expect(chosen.whyNotDocker).toMatch(/^Docker does not answer at unix:\/\/\/nowhere\/docker\.sock: /);
});

test('auto is Docker if an image is named', async () => {
  const chosen = await chooseEngine({ engine: 'auto', image: 'example.org/notebook', ...nowhere }, {});
  expect(chosen).toEqual({ kind: 'docker' });
});

test.each(['docker', 'local'] as const)('%s is what was asked for', async (engine) => {
  expect(await chooseEngine({ engine, image, ...nowhere }, {})).toEqual({ kind: engine });
});

test('--command scratchpad means the local engine, also where Docker answers, and needs no Jupyter', async () => {
  expect(await chooseEngine({ engine: 'auto', image, command: 'scratchpad', ...nowhere }, {})).toEqual({
    kind: 'local',
  });
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-bin-'));
  try {
    writeFileSync(join(dir, 'jupyter'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
    const env = { PATH: `${dir}:${process.env.PATH ?? ''}` };
    expect((await chooseCommand('', env)).describes).toBe('jupyter notebook');
    const { template, describes } = await chooseCommand('scratchpad', env);
    expect([describes, template.includes('scratchpad/main.js')]).toEqual(['scratchpad (JavaScript)', true]);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});

test.each([
  [{ engine: 'docker' }, /command: scratchpad is a program of the local engine/],
  [{ image: 'example.org/notebook' }, /command: scratchpad is a program of the local engine/],
  [{ stripPrefix: true }, /strip-prefix: the scratchpad knows its base path/],
  [{ prime: 'index.ipynb' }, /prime: needs Jupyter/],
])('--command scratchpad with %j is refused', (flags, message) => {
  const given = { command: 'scratchpad', host: '127.0.0.1', ...flags };
  const { config } = loadConfig(nodeAgentOptions, { flags: given, env: {} });
  expect(() => checkNodeAgentConfig(config)).toThrow(message);
});
