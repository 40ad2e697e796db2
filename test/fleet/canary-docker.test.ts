// The canary on a real Docker with the real Jupyter, in an origin of its own or not: it gets through, and leaves nothing behind.
import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { LABELS } from '../../node-agent/engine/docker/names.ts';
import { findNode } from '../../redirector/nodes/fleet.ts';
import { describeNeeding } from '../lab/needs.ts';
import { Bench, SECRET } from '../redirector/support.ts';
import { startAgent } from '../support/agent.ts';
import { until } from '../support/until.ts';

describeNeeding(['docker', 'jupyter'], 'a canary at a node on Docker', ({ docker, jupyter }) => {
  const bench = new Bench();
  afterEach(() => bench.clear(), 60_000);

  test.each([
    ['below the node’s own name', {}],
    ['in an origin of its own', { sandboxDomain: 'localhost' }],
  ])(
    'goes through a sandbox %s, from the claim to the first output, and has it ended',
    async (_, flags) => {
      const agent = bench.keep(
        await startAgent(
          {
            ...{ engine: 'docker', dockerHost: docker.host, image: jupyter.image, pull: 'never' },
            ...{ capacity: '3', warm: '2', nodeId: 'canary-docker', ...flags },
          },
          { TMPFLEET_SECRET: SECRET },
        ),
      );
      await agent.warm(2);
      const front = await bench.front({ canaryEvery: '1s' });
      await front.add(agent);
      const verdict = await until(
        'it was there',
        () => [...front.fleet.views()].map(({ canary }) => canary)[0],
        120_000,
      );
      expect(verdict).toMatchObject({ isFailing: false, reason: '' });
      expect(Object.keys(verdict.steps)).toEqual(['claim', 'page', 'kernel', 'output']);
      expect(findNode(front.fleet, [...front.fleet.views()][0]?.member.id ?? '').reachability).toBe(
        'reachable',
      );
      await fetch(`${agent.controlUrl}/api/cordon`, { method: 'POST' });
      const client = new Docker({ socketPath: docker.socketPath });
      await until('its sandboxes are gone from Docker, and only warm ones are left', async () => {
        const { held, removing, warm } = agent.pool.status();
        const filters = JSON.stringify({ label: [`${LABELS.node}=canary-docker`] });
        const containers = await client.listContainers({ all: true, filters });
        return held === 0 && removing === 0 && containers.length === warm;
      });
      expect(agent.pool.status().claims).toBe(0);
    },
    300_000,
  );
});
