// The registry that the configuration names: a file of this redirector's, or a Redis that several share.
import { join } from 'node:path';
import { prepareDataDir } from '../../shared/data-dir.ts';
import type { Logger } from '../../shared/logging.ts';
import { FileRegistry } from './file.ts';
import { KnownFile } from './last-known-file.ts';
import { RedisRegistry } from './redis.ts';
import type { KeptRegistry } from './registry.ts';

export interface RegistryOptions {
  readonly registry: string;
  readonly registryPassword: string;
  readonly dataDir: string;
}

/** @throws FleetError `bad-config` when the data directory cannot be used, `registry-unreadable` when the registry cannot */
export async function openRegistry(options: RegistryOptions, logger: Logger): Promise<KeptRegistry> {
  const { registry: url, registryPassword: password, dataDir } = options;
  await prepareDataDir(dataDir);
  if (url === '') return new FileRegistry(join(dataDir, 'nodes.json'), logger);
  const file = new KnownFile(join(dataDir, 'known-nodes.json'), url, logger);
  return RedisRegistry.open({ url, password, file, logger });
}
