// Static files from a node's memory, with processes as sandboxes.
import { STATIC_COMMAND } from '../../support/static-site.ts';
import { staticCacheContract } from './contract.ts';

staticCacheContract('the local engine', { command: STATIC_COMMAND });
