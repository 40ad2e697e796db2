// The registry that the configuration names: a file of this redirector's, or a Redis that several share.
import { join } from 'node:path';
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

/** @throws FleetError `registry-unreadable` */
export async function openRegistry(options: RegistryOptions, logger: Logger): Promise<KeptRegistry> {
  const { registry: url, registryPassword: password, dataDir } = options;
  if (url === '') return new FileRegistry(join(dataDir, 'nodes.json'), logger);
  const file = new KnownFile(join(dataDir, 'known-nodes.json'), url, logger);
  return RedisRegistry.open({ url, password, file, logger });
}
