// tsc does not set the executable bit, and `npx tmpfleet` needs it in a checkout.
import { chmodSync } from 'node:fs';

chmodSync(new URL('../dist/cli/tmpfleet.js', import.meta.url), 0o755);
