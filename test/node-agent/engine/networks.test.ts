// A pool larger than one bridge can carry: several networks, as closed to each other as peers on one are.
import { randomBytes } from 'node:crypto';
import { afterEach, expect, test } from 'vitest';
import type { DockerEngine } from '../../../node-agent/engine/docker/engine.ts';
import { bridgeName, LABELS, networkName } from '../../../node-agent/engine/docker/names.ts';
import { dockerHost } from '../../contract/docker-host.ts';
import { newSpec } from '../../contract/engine-contract.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { run } from '../../lab/run.ts';
import { connectFrom, PROBE_COMMAND } from '../../support/inside.ts';

describeNeeding(['docker'], 'a node of many sandboxes', ({ docker }) => {
  const host = dockerHost(docker);
  const nodeId = `networks-${randomBytes(4).toString('hex')}`;
  let engine: DockerEngine;
  const open = async (dockerNetworkSize: number): Promise<void> => {
    engine = host.engine(nodeId, PROBE_COMMAND, { dockerNetworkSize });
    await engine.open(() => undefined);
  };
  const networks = async (): Promise<readonly string[]> => {
    const filters = JSON.stringify({ label: [`${LABELS.node}=${nodeId}`] });
    return (await host.client.listNetworks({ filters })).map(({ Name }) => Name).sort();
  };
  const names = (count: number) => Array.from({ length: count }, (_, n) => networkName(nodeId, n + 1)).sort();
  const rules = async (): Promise<readonly string[]> =>
    (await run('iptables', ['-w', '-S', 'INPUT'])).split('\n').filter((rule) => /-i tf-/.test(rule));
  afterEach(() => engine.close({ purge: true }));

  test('has enough networks, each closed to the others and the host; a restart finds all', async () => {
    await open(1);
    expect(await networks()).toEqual(names(1));
    const specs = [newSpec(), newSpec(), newSpec()];
    // At once, as when a pool fills.
    const addresses = await Promise.all(specs.map((spec) => engine.start(spec)));
    expect(await networks()).toEqual(names(3));
    for (let number = 1; number <= 3; number += 1) {
      expect((await rules()).filter((rule) => rule.includes(bridgeName(nodeId, number)))).toHaveLength(1);
    }
    for (const from of addresses) {
      expect(await connectFrom(from, '127.0.0.1', from.port)).toBe('connected');
      for (const to of addresses.filter((address) => address !== from)) {
        expect(await connectFrom(from, to.host, to.port)).not.toBe('connected');
      }
    }

    const [first, ...others] = specs;
    await engine.remove(first?.id ?? '');
    await engine.start(newSpec());
    // Into the free place.
    expect(await networks()).toEqual(names(3));
    await engine.close();
    await open(2);
    const listed = await engine.list();
    expect(listed).toHaveLength(3);
    expect(listed.every(({ running, address }) => running && address !== undefined)).toBe(true);
    await Promise.all([engine.start(newSpec()), engine.start(newSpec()), engine.start(newSpec())]);
    expect(await networks()).toEqual(names(3));
    await engine.start(newSpec());
    expect(await networks()).toEqual(names(4));
    expect((await engine.list()).map(({ id }) => id)).toEqual(
      expect.arrayContaining(others.map(({ id }) => id)),
    );

    await engine.close({ purge: true });
    expect(await networks()).toEqual([]);
    const left = await rules();
    for (let number = 1; number <= 4; number += 1) {
      expect(left.filter((rule) => rule.includes(bridgeName(nodeId, number)))).toEqual([]);
    }
  });

  test('starts again after an unused network was removed', async () => {
    await open(1);
    const first = newSpec();
    await engine.start(first);
    await engine.start(newSpec());
    expect(await networks()).toEqual(names(2));
    await Promise.all((await engine.list()).map(({ id }) => engine.remove(id)));
    // As `docker network prune` does.
    for (const name of names(2)) await host.client.getNetwork(name).remove();
    // The first attempt may fail: it finds out that the network is gone.
    await engine.start(newSpec()).catch(() => undefined);
    const again = await engine.start(newSpec());
    expect(await connectFrom(again, '127.0.0.1', again.port)).toBe('connected');
    for (const name of await networks()) {
      const number = names(2).indexOf(name) + 1;
      expect((await rules()).filter((rule) => rule.includes(bridgeName(nodeId, number)))).not.toEqual([]);
    }
  });
});
