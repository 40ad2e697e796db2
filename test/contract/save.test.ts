// Both engines hand out homes alike.
import { afterAll, expect, test } from 'vitest';
import { engineOptions } from '../../node-agent/engine/engine-options.ts';
import { LocalEngine } from '../../node-agent/engine/local/engine.ts';
import { openHomeTar } from '../../node-agent/home-files/home-tar.ts';
import { systemClock } from '../../shared/clock.ts';
import { describeNeeding } from '../lab/needs.ts';
import { defaultsOf, silentLogger } from './defaults.ts';
import { dockerHost } from './docker-host.ts';
import { askSandbox, echoCommand, newSpec } from './engine-contract.ts';
import { localHost } from './local-host.ts';
import { never, saveContract } from './save-contract.ts';

const local = localHost();
afterAll(() => local.remove());
saveContract('the home of a sandbox of the local engine', local);

test('an image without tar is said to be one', async () => {
  const engine = new LocalEngine(
    { ...defaultsOf(engineOptions), command: echoCommand(local), dataDir: local.dataDir },
    { nodeId: 'no-tar', logger: silentLogger, clock: systemClock, env: { PATH: '/nowhere' } },
  );
  await engine.open(() => undefined);
  try {
    const spec = newSpec();
    await askSandbox(await engine.start(spec), spec.id);
    await expect(openHomeTar(engine, { ...spec, ...never(), since: undefined })).rejects.toMatchObject({
      code: 'cannot-save',
      message: expect.stringContaining('has no tar'),
    });
  } finally {
    await engine.close({ purge: true });
  }
});

describeNeeding(['docker'], 'on the lab', ({ docker }) => {
  saveContract('the home of a sandbox of the Docker engine', dockerHost(docker));
});
