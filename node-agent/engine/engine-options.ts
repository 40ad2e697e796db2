// All that engines can be told, without the engines: whoever only reads options need not load Docker's client.
import { type DockerConfig, dockerOptions } from './docker/options.ts';
import { type LocalConfig, localOptions } from './local/options.ts';

/** `dataDir`, which the local one needs too, is the node's own. */
export const engineOptions = { ...localOptions, ...dockerOptions };

export type EngineConfig = DockerConfig & LocalConfig;
