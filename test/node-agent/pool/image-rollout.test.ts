// A newer image: the pool rolls over to it on schedule, and held sandboxes stay.
import Docker from 'dockerode';
import { afterEach, expect, test } from 'vitest';
import { containerName } from '../../../node-agent/engine/docker/names.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';
import { until } from '../../support/until.ts';

describeNeeding(['docker'], 'the scheduled image refresh', ({ docker }) => {
  const client = new Docker({ socketPath: docker.socketPath });
  const reference = 'tmpfleet-test/rolling:latest';
  let agent: TestAgent;
  afterEach(async () => {
    await agent.close();
    await client.getImage(reference).remove({ force: true });
  });

  /** The same files with a new image id, as a rebuilt image would have. */
  const rebuild = async (label: string, change = ''): Promise<string> => {
    const container = await client.createContainer({ Image: docker.tinyImage, Cmd: ['true'] });
    const [repo, tag] = reference.split(':');
    await container.commit({ repo, tag, changes: `LABEL build=${label}\n${change}` });
    await container.remove();
    return (await client.getImage(reference).inspect()).Id;
  };

  test('goes back to the old image when the new one fails to start three times, and stays there', async () => {
    const old = await rebuild('good');
    agent = await startAgent({
      ...{ engine: 'docker', dockerHost: docker.host, nodeId: 'rolling', image: reference, pull: 'never' },
      ...{ command: docker.tinyCommand, capacity: '4', refreshSchedule: '* * * * * *', refreshSpread: '0' },
    });
    await agent.warm(4);
    const broken = await rebuild('broken', 'ENTRYPOINT ["/is/not/there"]');
    await until('the new one is tried', () => agent.pool.status().image === broken);
    await until('it is given up', () => agent.pool.status().image === old);
    await agent.warm(4);
    expect(agent.pool.table.inState('warm').every(({ image }) => image === old)).toBe(true);
    await until('the failed ones are gone', () => (agent.pool.table.endings()['failed-start'] ?? 0) >= 3);
    expect(await agent.pool.refresh()).toBe(false);
    expect(agent.pool.status().image).toBe(old);
  });

  test('rolls the unclaimed ones, never below half, and leaves held ones alone', async () => {
    const old = await rebuild('one');
    agent = await startAgent({
      engine: 'docker',
      dockerHost: docker.host,
      nodeId: 'rolling',
      image: reference,
      command: docker.tinyCommand,
      pull: 'never',
      capacity: '5',
      refreshSchedule: '* * * * * *',
      refreshSpread: '0',
    });
    await agent.warm(5);
    const { sandbox } = await new Reader().click(`${agent.url}/`);
    await agent.warm(4);
    let least = 4;
    const watch = setInterval(() => {
      least = Math.min(least, agent.pool.status().warm);
    }, 5);
    const fresh = await rebuild('two');
    expect(fresh).not.toBe(old);
    await until('every warm one has the new image', () => {
      const warm = agent.pool.table.inState('warm');
      return warm.length === 4 && warm.every(({ image }) => image === fresh);
    });
    clearInterval(watch);
    expect(least).toBeGreaterThanOrEqual(2);
    expect(agent.pool.table.get(sandbox ?? '')?.image).toBe(old);
    expect(agent.pool.table.endings()).toEqual({ 'stale-image': 4 });
  });

  test('a reload with another image rolls over to it, and stays with it while the next one cannot be had', async () => {
    const old = await rebuild('one');
    agent = await startAgent({
      ...{ engine: 'docker', dockerHost: docker.host, nodeId: 'rolling', image: reference, pull: 'never' },
      ...{ command: docker.tinyCommand, capacity: '4', refreshSchedule: 'off' },
    });
    await agent.warm(4);
    const { sandbox = '' } = await new Reader().click(`${agent.url}/`);
    await agent.warm(3);
    const fresh = (await client.getImage(docker.tinyImage).inspect()).Id;
    expect(agent.reload({ image: docker.tinyImage })).toEqual({ applied: ['image'], needRestart: [] });
    await until('every warm one has the new image', () => {
      const warm = agent.pool.table.inState('warm');
      return warm.length === 3 && warm.every(({ image }) => image === fresh);
    });
    expect(agent.pool.table.get(sandbox)?.image).toBe(old);
    agent.reload({ image: 'tmpfleet-test/nowhere:latest' });
    await until('that is said', () => agent.log().includes('the configuration cannot be used'));
    const stats = (await (await fetch(`${agent.url}/stats`)).json()) as { container_image: string };
    expect(stats.container_image).toBe(docker.tinyImage);
    expect(agent.pool.status()).toMatchObject({ image: fresh, warm: 3, stale: 0 });
    agent.reload({ memory: '300m', image: reference });
    await until('it is back, with more memory', () => {
      const warm = agent.pool.table.inState('warm');
      return warm.length === 3 && warm.every(({ image }) => image === old);
    });
    const [first] = agent.pool.table.inState('warm');
    const { HostConfig } = await client.getContainer(containerName('rolling', first?.id ?? '')).inspect();
    expect(HostConfig.Memory).toBe(300 * 1024 ** 2);
  });
});
