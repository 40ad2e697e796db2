// Names what a file for --container-options adds to the containers of this node, and each part that weakens their isolation.
import { check, type Finding } from '../../shared/checkup/checkup.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { DockerTarget } from '../engine/docker/connection.ts';
import { dangersWith, describeDanger } from '../engine/docker/container-options/at-open.ts';
import type { Danger } from '../engine/docker/container-options/dangers.ts';
import { readContainerOptions } from '../engine/docker/container-options/read.ts';

const CHECK = 'container options';

/** @returns none without a file; a failed one where the agent would not start with it */
export async function checkContainerOptions(
  config: NodeAgentConfig,
  { host: dockerHost, certPath: dockerCertPath }: DockerTarget,
  dockerRoot: string,
): Promise<readonly Finding[]> {
  if (config.containerOptions === '') return [];
  let dangers: readonly Danger[] = [];
  const read = await check(CHECK, () => {
    const found = readContainerOptions({ ...config, dockerHost, dockerCertPath });
    dangers = dangersWith(found, dockerRoot);
    const names = Object.keys(found.options ?? {});
    return { detail: `${config.containerOptions}: ${names.join(', ') || 'nothing'}` };
  });
  if (config.unsafeContainerOptions && read.level === 'ok' && dangers.length === 0) {
    const detail = `nothing in ${config.containerOptions} needs --unsafe-container-options`;
    return [read, { check: CHECK, level: 'warn', detail, remedy: 'leave that option away' }];
  }
  return [
    read,
    ...dangers.map((danger): Finding => {
      const remedy = `readers are strangers: take it out of ${config.containerOptions}, unless all of them are trusted`;
      return { check: CHECK, level: 'warn', detail: `unsafe: ${describeDanger(danger)}`, remedy };
    }),
  ];
}
