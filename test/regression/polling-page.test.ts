// Seen: a JupyterLab page that was not used kept its sandbox for as long as its tab was open, as it polls a few addresses
// every 10 s; and a cell of 75 s was ended midway with `--idle 40s`, as its reader sends nothing while they wait. Why: every
// successful response was use, and nothing else was. Holds now: a GET of an address that was asked for a moment ago is a
// poll and no use; the kernels are asked before an idle end, and one at work is use.
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, expect, it } from 'vitest';
import { TINY_SERVER } from '../lab/images/tiny-image.ts';
import { describeNeeding } from '../lab/needs.ts';
import { startAgent, type TestAgent } from '../support/agent.ts';
import { Jupyter } from '../support/jupyter.ts';
import { type SpawnedSandbox, spawnSandbox } from '../support/program.ts';
import { until } from '../support/until.ts';

let agent: TestAgent | undefined;
afterEach(async () => {
  await agent?.close();
  agent = undefined;
});

/** A claimed sandbox of an agent that removes unused ones soon. */
async function claim(flags: Readonly<Record<string, string>>): Promise<SpawnedSandbox> {
  agent = await startAgent({ capacity: '1', cullInterval: '100ms', ...flags });
  await agent.warm(1);
  return spawnSandbox(agent.url);
}

const endedIdle = (): boolean => agent?.pool.table.endings().idle === 1;

const tiny = {
  idle: '1s',
  command: `'${process.execPath}' ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`,
};

it('a page that only polls does not keep its sandbox', async () => {
  const { base, headers } = await claim(tiny);
  await until('the sandbox is idle', async () => {
    await (await fetch(`${base}files/status?${Date.now()}`, { headers })).arrayBuffer();
    return endedIdle();
  });
});

it('a page that asks for something else each time keeps it', async () => {
  const { base, headers } = await claim(tiny);
  // Four times the second after which an unused one is removed.
  for (let page = 0; page < 20; page += 1) {
    expect((await fetch(`${base}files/page-${page}`, { headers })).status).toBeLessThan(400);
    await delay(200);
  }
  expect(endedIdle()).toBe(false);
});

describeNeeding(
  ['docker', 'jupyter'],
  'a cell that takes longer than the idle time',
  ({ docker, jupyter }) => {
    const flags = {
      ...{ engine: 'docker', dockerHost: docker.host, nodeId: 'busy', pull: 'never' },
      ...{ image: jupyter.image, idle: '8s' },
    };

    it('is finished, and the sandbox removed after that', async () => {
      const { base, headers } = await claim(flags);
      expect(await new Jupyter(base, { headers }).run('import time; time.sleep(14); print("done")')).toBe(
        'done\n',
      );
      await until('the sandbox is idle', endedIdle);
    });

    it('ends midway with --no-keep-busy', async () => {
      const { base, headers } = await claim({ ...flags, keepBusy: 'false' });
      let finished = false;
      new Jupyter(base, { headers }).run('import time; time.sleep(60)').then(
        () => {
          finished = true;
        },
        () => undefined,
      );
      await until('the sandbox is idle', endedIdle);
      expect(finished).toBe(false);
    });
  },
);
