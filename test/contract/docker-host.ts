// The lab's Docker as a host of the Docker engine.
import Docker from 'dockerode';
import { DockerEngine } from '../../node-agent/engine/docker/engine.ts';
import { bridgeName, LABELS } from '../../node-agent/engine/docker/names.ts';
import { type DockerConfig, dockerOptions } from '../../node-agent/engine/docker/options.ts';
import { systemClock } from '../../shared/clock.ts';
import type { Logger } from '../../shared/logging.ts';
import { run } from '../lab/run.ts';
import { defaultsOf, silentLogger } from './defaults.ts';
import type { EngineHost } from './engine-contract.ts';

export interface DockerHost extends EngineHost {
  readonly client: Docker;
  engine(nodeId: string, command: string, more?: Partial<DockerConfig>, logger?: Logger): DockerEngine;
  /** The container of a sandbox, by its label. */
  container(id: string): Promise<Docker.Container>;
}

interface LabDocker {
  readonly socketPath: string;
  readonly host: string;
  readonly tinyImage: string;
}

export function dockerHost(lab: LabDocker): DockerHost {
  const client = new Docker({ socketPath: lab.socketPath });
  const labelled = async (label: string): Promise<readonly Docker.ContainerInfo[]> =>
    client.listContainers({ all: true, filters: JSON.stringify({ label: [label] }) });
  const container = async (id: string): Promise<Docker.Container> => {
    const [found] = await labelled(`${LABELS.sandbox}=${id}`);
    if (found === undefined) throw new Error('that sandbox has no container');
    return client.getContainer(found.Id);
  };
  return {
    client,
    node: 'node',
    container,
    engine: (nodeId, command, more = {}, logger = silentLogger) => {
      const own = {
        dockerHost: lab.host,
        image: lab.tinyImage,
        pull: 'never',
        hostFirewall: 'require',
      } as const;
      const config = { ...defaultsOf(dockerOptions), ...own, command, ...more };
      return new DockerEngine(
        config,
        { host: config.dockerHost, certPath: '' },
        { nodeId, logger, clock: systemClock },
      );
    },
    kill: async (id) => (await container(id)).kill(),
    leftovers: async (nodeId) => {
      const label = `${LABELS.node}=${nodeId}`;
      const containers = await labelled(label);
      const networks = await client.listNetworks({ filters: JSON.stringify({ label: [label] }) });
      const rules = [await run('iptables', ['-w', '-S']), await run('ip6tables', ['-w', '-S'])]
        .flatMap((text) => text.split('\n'))
        .filter((line) => line.includes(bridgeName(nodeId)));
      return [...containers.flatMap(({ Names }) => Names), ...networks.map(({ Name }) => Name), ...rules];
    },
  };
}
