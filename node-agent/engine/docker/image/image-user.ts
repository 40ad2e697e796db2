// Finds the user that a sandbox runs as: never root, and by number, because the home directory in memory needs an owner.
import type Dockerode from 'dockerode';
import { FleetError } from '../../../../shared/errors.ts';
import { callDocker, reasonOf } from '../connection.ts';

export interface SandboxUser {
  /** In the form that Docker accepts. */
  readonly user: string;
  readonly uid: number;
  readonly gid: number | undefined;
}

const FALLBACK: SandboxUser = { user: '1000:1000', uid: 1000, gid: 1000 };

/** A user in the image's /etc/passwd. */
export interface PasswdEntry {
  readonly uid: number;
  readonly gid: number;
}

/**
 * @param lookUp finds a name or a number in the image's /etc/passwd
 * @throws FleetError `bad-config` when the image's user is a name that `lookUp` does not find
 */
export async function resolveUser(
  configured: string,
  imageUser: string,
  lookUp: (user: string) => Promise<PasswdEntry | undefined>,
): Promise<SandboxUser> {
  const stated = configured === '' ? imageUser : configured;
  const [name = '', group = ''] = stated.split(':');
  if (name === '' || name === 'root') return FALLBACK;
  const known = /^\d+$/.test(name) ? { uid: Number(name), gid: undefined } : await lookUp(name);
  if (known === undefined) {
    throw new FleetError(
      'bad-config',
      `sandbox-user: the image runs as ${JSON.stringify(name)}, whose number is not in its /etc/passwd`,
      { remedy: 'set --sandbox-user, for example to 1000:1000' },
    );
  }
  if (known.uid === 0) return FALLBACK;
  return { user: stated, uid: known.uid, gid: /^\d+$/.test(group) ? Number(group) : known.gid };
}

/** The image's user with another id, in the same group, so that what the image gives its group stays usable. */
export function withOwnId(user: SandboxUser, id: number): SandboxUser {
  const [, group = ''] = user.user.split(':');
  return { user: `${id}:${group || (user.gid ?? id)}`, uid: id, gid: user.gid ?? id };
}

/** The line of a user, given by name or number, in the text of an /etc/passwd. */
export function findInPasswd(text: string, wanted: string): PasswdEntry | undefined {
  for (const line of text.split('\n')) {
    const [user, , uid = '', gid = ''] = line.split(':');
    if ((user === wanted || uid === wanted) && /^\d+$/.test(uid) && /^\d+$/.test(gid))
      return { uid: Number(uid), gid: Number(gid) };
  }
  return undefined;
}

const LOOKUP_MS = 30_000;
/** Size limit of an image's /etc/passwd; bytes. */
const MAX_ARCHIVE = 1024 * 1024;

/** Reads /etc/passwd out of an image, through a container that is never started. */
export async function readPasswd(
  docker: Dockerode,
  image: string,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const call = { what: "read the image's /etc/passwd", deadlineMs: LOOKUP_MS };
  const container = await callDocker(call, (abortSignal) =>
    docker.createContainer({ Image: image, Cmd: ['/none'], Labels: { ...labels }, abortSignal }),
  );
  try {
    const archive = await callDocker(call, async (abortSignal) => {
      const chunks: Buffer[] = [];
      let size = 0;
      for await (const chunk of await container.getArchive({ path: '/etc/passwd', abortSignal })) {
        const bytes = Buffer.from(chunk);
        size += bytes.length;
        if (size > MAX_ARCHIVE) break;
        chunks.push(bytes);
      }
      return Buffer.concat(chunks);
    });
    return firstFile(archive);
  } catch (cause) {
    throw new FleetError(
      'bad-config',
      `sandbox-user: the image's /etc/passwd cannot be read (${reasonOf(cause)})`,
      {
        cause,
        remedy: 'set --sandbox-user, for example to 1000:1000',
      },
    );
  } finally {
    await callDocker(call, (abortSignal) => container.remove({ force: true, v: true, abortSignal }));
  }
}

/** The content of the first file in a tar archive: a header of 512 bytes, with the size in octal at 124. */
function firstFile(archive: Buffer): string {
  const size = Number.parseInt(archive.toString('latin1', 124, 136), 8);
  return Number.isNaN(size) ? '' : archive.toString('utf8', 512, 512 + size);
}
