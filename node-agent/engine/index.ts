// Chooses and creates the engine of a node. The rest of the node knows only the interface in engine.ts.
import { describeError, FleetError } from '../../shared/errors.ts';
import { callDocker, connectDocker, dockerTarget } from './docker/connection.ts';
import { DockerEngine } from './docker/engine.ts';
import { type DockerConfig, dockerOptions } from './docker/options.ts';
import type { EngineContext, EngineKind, FreezingEngine } from './engine.ts';
import type { EngineConfig } from './engine-options.ts';
import { LocalEngine } from './local/engine.ts';
import { SCRATCHPAD } from './scratchpad/command.ts';

export interface EngineSetup extends EngineContext {
  /** The process environment: DOCKER_HOST, DOCKER_CERT_PATH, and PATH and LANG for local sandboxes. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** @throws FleetError `bad-config` for a Docker address, TLS files or a file of --container-options that cannot be used */
export function createEngine(kind: EngineKind, config: EngineConfig, setup: EngineSetup): FreezingEngine {
  if (kind === 'local') return new LocalEngine(config, setup);
  return new DockerEngine(config, dockerTarget(config, setup.env), setup);
}

const DETECT_MS = 1_000;

export interface ChosenEngine {
  readonly kind: EngineKind;
  /** Why `auto` did not choose Docker. */
  readonly whyNotDocker?: string;
}

type EngineChoice = Pick<DockerConfig, 'dockerHost' | 'dockerCertPath' | 'image'> & {
  readonly engine: 'auto' | EngineKind;
  readonly containerOptions?: string;
  readonly command?: string;
};

/** `auto` means Docker where an image or --container-options is configured, or Docker answers within a second, else local. The
 * scratchpad is the local engine's. */
export async function chooseEngine(config: EngineChoice, env: EngineSetup['env']): Promise<ChosenEngine> {
  if (config.engine !== 'auto') return { kind: config.engine };
  if (config.command === SCRATCHPAD) return { kind: 'local' };
  // Only Docker uses these, so a node that has one must not fall back to local while Docker is down.
  const { image, containerOptions = '' } = config;
  if (image !== dockerOptions.image.default || containerOptions !== '') return { kind: 'docker' };
  const failure = await whyNoDocker(config, env);
  return failure === undefined ? { kind: 'docker' } : { kind: 'local', whyNotDocker: failure.message };
}

/** The error of a Docker that does not answer within a second; undefined where one answers. */
export async function whyNoDocker(
  config: Pick<EngineChoice, 'dockerHost' | 'dockerCertPath'>,
  env: EngineSetup['env'],
): Promise<FleetError | undefined> {
  const target = dockerTarget(config, env);
  const docker = connectDocker(target);
  try {
    await callDocker({ what: 'answer', deadlineMs: DETECT_MS }, () => docker.ping());
    return undefined;
  } catch (error) {
    // An HTTP error is a response too: `open` reports what is wrong with that Docker.
    if (!(error instanceof FleetError)) return undefined;
    const message = `Docker does not answer at ${target.host}: ${describeError(error.cause ?? error)}`;
    return new FleetError('engine-unavailable', message, { cause: error });
  }
}
