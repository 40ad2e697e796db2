// Seen: after `docker kill`, and after Jupyter's own Quit, a reader was told that their notebook "used too much memory". The engine
// knows better: an exit code, and whether the kernel ended it for its memory.
import Docker from 'dockerode';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ENDED_HEADER } from '../../node-agent/companion/messages.ts';
import { containerName } from '../../node-agent/engine/docker/names.ts';
import { COMPANION_WORDS } from '../../shared/words/companion.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { PROBE_COMMAND } from '../support/inside.ts';
import { spawnSandbox } from '../support/program.ts';
import { until } from '../support/until.ts';

describeNeeding(['docker'], 'a sandbox that stops', ({ docker }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  let agent: TestAgent;
  beforeAll(async () => {
    agent = await startAgent({
      ...{ engine: 'docker', dockerHost: docker.host, nodeId: 'why', image: docker.tinyImage, pull: 'never' },
      ...{ command: PROBE_COMMAND, capacity: '4', memory: '128m', homeSize: '16m', claimWait: '60s' },
    });
  }, 120_000);
  afterAll(() => agent?.close(), 60_000);

  const runs = (code: string) => async (own: string) => {
    await fetch(own, { method: 'POST', body: code }).catch(() => undefined);
  };
  const kills = async (own: string): Promise<void> => {
    const [, , id = ''] = new URL(own).pathname.split('/');
    await client.getContainer(containerName('why', id)).kill();
  };

  test.each([
    ['out-of-memory', runs('const held = []; for (;;) held.push(Buffer.alloc(8 * 1024 * 1024, 1));')],
    ['quit', runs('process.exit(0);')],
    ['crashed', runs('process.exit(3);')],
    ['killed', kills],
  ] as const)('is said to have ended as %s', async (reason, ends) => {
    const { base, token } = await spawnSandbox(agent.url);
    const own = `${base}?token=${token}`;
    expect((await fetch(own)).status).toBe(200);
    void ends(own);
    const answer = await until('it is said to be gone', async () => {
      const given = await fetch(own, { headers: { accept: 'text/html' } });
      return given.headers.has(ENDED_HEADER) ? given : undefined;
    });
    expect(answer.headers.get(ENDED_HEADER)).toBe(reason);
    const page = await answer.text();
    const said = Object.entries(COMPANION_WORDS.en.ended).filter(([, words]) => page.includes(words));
    expect(said.map(([name]) => name)).toEqual([reason]);
  });
});
