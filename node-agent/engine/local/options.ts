// The local engine isolates nothing, so it has no options beyond the common ones.
import type { ConfigOf } from '../../../shared/config/option.ts';
import { commonEngineOptions } from '../options.ts';

export const localOptions = { ...commonEngineOptions };

/** `dataDir` is the data directory of the node; records and homes are in its `local` folder. */
export type LocalConfig = ConfigOf<typeof localOptions> & { readonly dataDir: string };
