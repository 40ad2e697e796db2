// The local engine has no options of its own: no isolation, so nothing to tune.
import type { ConfigOf } from '../../../shared/config/option.ts';
import { commonEngineOptions } from '../options.ts';

export const localOptions = { ...commonEngineOptions };

/** `dataDir` is the node's own; records and homes live in its `local` folder. */
export type LocalConfig = ConfigOf<typeof localOptions> & { readonly dataDir: string };
