// What a node does after its configuration was read again: options that are read where they are needed need nothing here.
import { describeError } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { ConfigReloader } from '../../shared/runtime.ts';
import type { NodeAgentConfig } from '../config.ts';
import type { EngineKind } from '../engine/engine.ts';
import type { Pool } from '../pool/pool.ts';
import type { AdjustablePoolSettings } from '../pool/settings.ts';
import type { EmbedPolicy } from '../state/embed-policy.ts';

/** The local engine has none of these, so to change them matters only where a restart would choose Docker. */
const ONLY_DOCKER = ['image', 'homeSizeBytes', 'memoryBytes', 'cpus', 'pidsLimit'] as const;

export interface ReloadOptions {
  readonly config: NodeAgentConfig;
  readonly kind: EngineKind;
  readonly size: AdjustablePoolSettings;
  readonly embedding: EmbedPolicy;
  readonly pool: Pool;
  /** Takes over the keys of the node. */
  readonly reloadKeys: () => void;
  readonly logger: Logger;
}

export function applyReloads(reloader: ConfigReloader | undefined, options: ReloadOptions): void {
  const { config, kind, size, embedding, pool, reloadKeys, logger } = options;
  if (kind === 'local') reloader?.except(ONLY_DOCKER);
  let made = madeFrom(config);
  reloader?.watch(() => {
    reloadKeys();
    size.reload();
    embedding.setOwn(config.embedOrigins);
    pool.act();
    if (madeFrom(config) === made && !pool.isRenewalDue) return;
    made = madeFrom(config);
    pool.renew().then(
      (changed) =>
        changed && logger.info({ stale: pool.status().stale }, 'sandboxes of another image or recipe start'),
      (error: unknown) =>
        logger.error({ error: describeError(error) }, 'the new image or recipe waits for the next refresh'),
    );
  });
}

/** The live options that a sandbox is made from. */
function madeFrom(config: NodeAgentConfig): string {
  const { command, extraEnv } = config;
  return JSON.stringify([command, extraEnv, ...ONLY_DOCKER.map((name) => config[name])]);
}
