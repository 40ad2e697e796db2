// Which engine a node uses where no Docker answers.
import { expect, test } from 'vitest';
import { dockerOptions } from '../../../node-agent/engine/docker/options.ts';
import { chooseEngine } from '../../../node-agent/engine/index.ts';

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
