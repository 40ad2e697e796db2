// The options of all engines, without the engines: reading options must not load the Docker client.
import { choice, flag, inGroup, option } from '../../shared/config/option.ts';
import { type DockerConfig, dockerOptions } from './docker/options.ts';
import { type LocalConfig, localOptions } from './local/options.ts';

const choiceOptions = inGroup('Engine', {
  engine: option(
    choice(['auto', 'docker', 'local']),
    'auto',
    'what runs the sandboxes; auto is docker where Docker answers, else local',
  ),
  ephemeral: option(
    flag(),
    false,
    'for demos and tests: remove all sandboxes on exit, and exit instead of waiting for the engine or the image',
  ),
});

/** `dataDir`, which the local engine also needs, is an option of the node itself. */
export const engineOptions = { ...localOptions, ...choiceOptions, ...dockerOptions };

export type EngineConfig = DockerConfig & LocalConfig;
