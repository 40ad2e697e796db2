// Which engine a node gets. The rest of the node knows only the seam (engine.ts).
import { FleetError } from '../../shared/errors.ts';
import { callDocker, connectDocker, dockerTarget } from './docker/connection.ts';
import { DockerEngine } from './docker/engine.ts';
import type { DockerConfig } from './docker/options.ts';
import type { Engine, EngineContext, EngineKind } from './engine.ts';
import type { EngineConfig } from './engine-options.ts';
import { LocalEngine } from './local/engine.ts';

export interface EngineSetup extends EngineContext {
  /** The process environment: DOCKER_HOST, DOCKER_CERT_PATH, and PATH and LANG for local sandboxes. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws FleetError `bad-config` for a Docker address or TLS files that cannot be used */
export function createEngine(kind: EngineKind, config: EngineConfig, setup: EngineSetup): Engine {
  if (kind === 'local') return new LocalEngine(config, setup);
  return new DockerEngine(config, dockerTarget(config, setup.env), setup);
}

const DETECT_MS = 1_000;

/** What `auto` means here and now: Docker where it answers within a second, else local. */
export async function detectEngine(
  config: Pick<DockerConfig, 'dockerHost' | 'dockerCertPath'>,
  env: EngineSetup['env'],
): Promise<EngineKind> {
  const docker = connectDocker(dockerTarget(config, env));
  try {
    await callDocker({ what: 'answer', deadline: DETECT_MS }, () => docker.ping());
    return 'docker';
  } catch (error) {
    // An HTTP error is an answer too: `open` will say what is wrong with that Docker.
    return error instanceof FleetError ? 'local' : 'docker';
  }
}
