// Opens the registry that the configuration names: a file of this redirector's own, or a Redis that several share.
import { join } from 'node:path';
import { systemClock } from '../../shared/clock.ts';
import { prepareDataDir } from '../../shared/data-dir.ts';
import type { Runtime } from '../../shared/runtime.ts';
import { openFileRegistry } from './file-registry.ts';
import { LastKnownFile } from './last-known-file.ts';
import type { OwnedRegistry } from './registry.ts';

export interface RegistryOptions {
  readonly registry: string;
  readonly registryPassword: string;
  readonly dataDir: string;
}

/** @throws FleetError `bad-config` when the data directory cannot be used, `registry-unreadable` when the registry cannot */
export async function openRegistry(options: RegistryOptions, runtime: Runtime): Promise<OwnedRegistry> {
  const { registry: url, registryPassword: password, dataDir } = options;
  const { logger, clock = systemClock } = runtime;
  await prepareDataDir(dataDir);
  if (url === '') return openFileRegistry({ path: join(dataDir, 'nodes.json'), logger, clock });
  // Loaded only here, because its client is half of all that a front loads.
  const { openRedisRegistry } = await import('./redis-registry.ts');
  const file = new LastKnownFile(join(dataDir, 'known-nodes.json'), url, logger);
  return openRedisRegistry({ url, password, file, logger, clock });
}
