// Both registries pass the same suite.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { openRegistry } from '../../redirector/registry/open.ts';
import { describeNeeding } from '../lab/needs.ts';
import { type RedisLab, startRedis } from '../lab/redis.ts';
import { silentLogger } from './defaults.ts';
import { registryContract } from './registry-contract.ts';

const root = mkdtempSync(join(tmpdir(), 'tmpfleet-registries-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const newDir = (): string => mkdtempSync(join(root, 'dir-'));

let shared = '';
registryContract({
  kind: 'file',
  open: () => openRegistry({ registry: '', registryPassword: '', dataDir: shared }, { logger: silentLogger }),
  lose: async () => rmSync(join(shared, 'nodes.json'), { force: true }),
  renew: async () => {
    shared = newDir();
  },
});

describeNeeding(['redis'], 'in Redis', ({ redis }) => {
  let lab: RedisLab;
  beforeAll(async () => {
    lab = await startRedis(redis.executablePath);
  });
  afterAll(() => lab?.forget());
  registryContract({
    kind: 'redis',
    open: () =>
      openRegistry({ registry: lab.url, registryPassword: '', dataDir: newDir() }, { logger: silentLogger }),
    lose: async () => void (await lab.command('FLUSHALL')),
    renew: async () => void (await lab.command('FLUSHALL')),
  });
});
