// Reads a file that holds a secret, and refuses one that other users of the host can read.
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { describeError } from '../errors.ts';
import { readOperatorFile } from '../operator-file.ts';

/** Bits of a mode: readable or writable by the group, and by everyone. */
const GROUP = 0o060;
const OTHERS = 0o006;

/** Where container engines mount secrets, in Docker with mode 0444: a container has no other users. */
const CONTAINER_SECRETS = '/run/secrets/';

export interface SecretFileOptions {
  /** CREDENTIALS_DIRECTORY of a systemd unit: a directory that only the unit can enter. */
  readonly credentialsDirectory?: string | undefined;
  /** The user that this process runs as; undefined where the system has none. */
  readonly uid?: number | undefined;
}

/** The content without white space at its ends, or why it is not used. */
export function readSecretFile(
  path: string,
  options: SecretFileOptions,
): { readonly text: string } | { readonly problem: string } {
  try {
    const problem = whyOpen(path, options);
    return problem === undefined ? { text: readOperatorFile(path).toString().trim() } : { problem };
  } catch (error) {
    return { problem: `${JSON.stringify(path)} cannot be read (${describeError(error)})` };
  }
}

/** Says that other users of the host can read the file, and what to type; undefined when they cannot. */
export function whyOpen(
  path: string,
  { credentialsDirectory = '', uid }: SecretFileOptions,
): string | undefined {
  const full = resolve(path);
  if (full.startsWith(CONTAINER_SECRETS)) return undefined;
  if (credentialsDirectory !== '' && full.startsWith(`${resolve(credentialsDirectory)}/`)) return undefined;
  const { mode, uid: owner } = statSync(path);
  // A file of root's that a service reads by its group (root:tmpfleet 0640) is the usual way without root.
  const isByGroup = owner === 0 && uid !== 0;
  if ((mode & OTHERS) === 0 && ((mode & GROUP) === 0 || isByGroup)) return undefined;
  const shown = (mode & 0o777).toString(8).padStart(4, '0');
  return `${JSON.stringify(path)} can be read by other users of this host (mode ${shown}); type: chmod 600 ${path}`;
}
