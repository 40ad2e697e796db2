// A sandbox that costs next to nothing: see light-server.pl.
import { fileURLToPath } from 'node:url';

/** For `--command`. Perl is a part of every Debian and macOS. */
export const LIGHT_COMMAND = `perl ${fileURLToPath(new URL('light-server.pl', import.meta.url))} {ip} {port}`;
