// Credentials of image registries, from a file in the form of Docker's own config.json. Nothing of the file is ever repeated in a
// message: the errors of parsers quote what they read.
import { z } from 'zod';
import { describeError, FleetError } from '../../../../shared/errors.ts';
import { readOperatorFile } from '../../../../shared/operator-file.ts';

/** As Docker's API takes them (AuthConfig). */
export interface RegistryCredentials {
  readonly serveraddress: string;
  readonly username?: string;
  readonly password?: string;
  /** In place of a password. */
  readonly identitytoken?: string;
}

const entrySchema = z.object({
  /** Base64 of `user:password`. */
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
});

/** https://docs.docker.com/reference/cli/docker/login/#description */
const fileSchema = z.object({
  auths: z.record(z.string(), entrySchema).default({}),
  credHelpers: z.record(z.string(), z.string()).default({}),
  credsStore: z.string().optional(),
});

/** What Docker itself calls its public registry, in references and in its file. */
const HUB = 'docker.io';
const HUB_ADDRESS = 'https://index.docker.io/v1/';
const HUB_NAMES: ReadonlySet<string> = new Set(['index.docker.io', 'registry-1.docker.io', HUB]);

/** The registry that a reference means. */
export function registryOf(reference: string): string {
  const [first = '', ...rest] = reference.split('/');
  return rest.length > 0 && (/[.:]/.test(first) || first === 'localhost') ? first : HUB;
}

/**
 * The credentials for the image; undefined where the file has none for its registry.
 * @throws FleetError `bad-config` when the file cannot be used
 */
export function readRegistryAuth(path: string, reference: string): RegistryCredentials | undefined {
  const { auths, credHelpers, credsStore } = parse(path);
  const registry = registryOf(reference);
  const keys = (names: object): readonly string[] =>
    Object.keys(names).filter((name) => hostOf(name) === registry);
  const [key] = keys(auths);
  const found = key === undefined ? undefined : credentialsIn(auths[key]);
  const [helped] = keys(credHelpers);
  const helper = helped === undefined ? credsStore : credHelpers[helped];
  if (helper !== undefined && (helped !== undefined || (found === undefined && key !== undefined))) {
    throw new FleetError(
      'bad-config',
      `registry-auth: ${JSON.stringify(path)} leaves the credentials of ${registry} to the program docker-credential-${helper}, which tmpfleet does not run`,
      {
        remedy: `write them to a file of their own, on a machine without that program: docker --config DIR login ${registry}`,
      },
    );
  }
  if (key !== undefined && found === undefined) {
    throw new FleetError(
      'bad-config',
      `registry-auth: ${JSON.stringify(path)} has no user and password, or identitytoken, for ${registry}`,
      { remedy: `make it with: docker --config DIR login ${registry}` },
    );
  }
  return found && { ...found, serveraddress: registry === HUB ? HUB_ADDRESS : registry };
}

/** Checks what no single option can: that the file can be used for the image. */
export function registryAuthProblems(config: {
  readonly registryAuth: string;
  readonly image: string;
}): readonly string[] {
  if (config.registryAuth === '') return [];
  try {
    readRegistryAuth(config.registryAuth, config.image);
    return [];
  } catch (error) {
    return [describeError(error)];
  }
}

function parse(path: string): z.infer<typeof fileSchema> {
  const quoted = `registry-auth: ${JSON.stringify(path)}`;
  let text: string;
  try {
    text = readOperatorFile(path).toString();
  } catch (cause) {
    throw new FleetError('bad-config', `${quoted} cannot be read (${describeError(cause)})`);
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new FleetError('bad-config', `${quoted} is not JSON; expected a config.json of Docker`);
  }
  const parsed = fileSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.slice(0, 1).join('') || 'its content';
  throw new FleetError(
    'bad-config',
    `${quoted} is not as a config.json of Docker: ${where} has another form`,
  );
}

/** Docker compares host names: `https://registry.example.org/v1/` is `registry.example.org`. */
function hostOf(key: string): string {
  const host = key.replace(/^https?:\/\//, '').split('/', 1)[0] ?? '';
  return HUB_NAMES.has(host) ? HUB : host;
}

function credentialsIn(
  entry: z.infer<typeof entrySchema> | undefined,
): Omit<RegistryCredentials, 'serveraddress'> | undefined {
  if (entry?.identitytoken) return { identitytoken: entry.identitytoken };
  const [, user, secret] = /^([^:]+):(.*)$/s.exec(Buffer.from(entry?.auth ?? '', 'base64').toString()) ?? [];
  const username = user ?? entry?.username;
  // Old files end with a NUL.
  const password = (secret ?? entry?.password)?.replace(/\0+$/, '');
  return username && password ? { username, password } : undefined;
}
