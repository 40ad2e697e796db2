// The fields of a file for --container-options: what each may hold, and how an error message describes that.
import { isIP } from 'node:net';
import { z } from 'zod';
import { parseBytes } from '../../../../shared/config/units.ts';
import { canonical, MOUNT_EXPECTS, mountSchema } from './mounts.ts';

const MIB = 1024 ** 2;
/** Docker's own least for a reservation of memory. */
const MIN_RESERVATION = 6 * MIB;

const size = (min: number) => z.preprocess(parseBytes, z.number().int().min(min));

const HOST = /^([A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?):(.+)$/;
const hostEntry = z
  .string()
  .refine((text) => isIP(HOST.exec(text)?.[2] ?? '') !== 0, { params: { isPlain: true } });

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,253}[A-Za-z0-9])?$/;
/** Docker keeps the last three for itself; the first one is how we find our containers. */
const RESERVED_LABEL = /^(tmpfleet|com\.docker|io\.docker|org\.dockerproject)\./i;

export const LIMITS = [
  ...['as', 'core', 'cpu', 'data', 'fsize', 'locks', 'memlock', 'msgqueue', 'nice', 'nofile', 'nproc'],
  ...['rss', 'rtprio', 'rttime', 'sigpending', 'stack'],
] as const;

const limitValue = z.int().min(-1);
const limit = z.preprocess(
  (value) => (typeof value === 'number' ? { soft: value, hard: value } : value),
  z.strictObject({ soft: limitValue, hard: limitValue }),
);

/** -1 is no limit. */
export function limitOf(value: number): number {
  return value === -1 ? Number.POSITIVE_INFINITY : value;
}

const tmpfs = z.preprocess(
  (value) => (typeof value === 'string' ? { size: value } : value),
  z.strictObject({
    size: size(MIB),
    mode: z
      .string()
      .regex(/^[01]?[0-7]{3}$/)
      .optional(),
    exec: z.boolean().default(true),
  }),
);

const DEVICE = /^\/dev\/[^:]+(:\/[^:]+(:[rwm]{1,3})?)?$/;

/** In the order in which messages list them. */
export const FIELDS = {
  cpu_shares: {
    schema: z.int().min(2).max(262_144),
    expects: 'a whole number from 2 to 262144 (1024 is what a container without it has)',
  },
  memory_reservation: {
    schema: size(MIN_RESERVATION),
    expects: 'a size with a unit, such as 256m; at least 6m',
  },
  shm_size: { schema: size(MIB), expects: 'a size with a unit, such as 128m; at least 1m' },
  mounts: { schema: z.array(mountSchema), expects: `a list; each is ${MOUNT_EXPECTS}` },
  tmpfs: {
    schema: z.record(z.string().startsWith('/').transform(canonical), tmpfs),
    expects: 'paths with a size, such as /scratch: 64m, or with {size: 64m, mode: "700", exec: false}',
  },
  extra_hosts: {
    schema: z.array(hostEntry),
    expects: 'a list of name:address, such as mirror.example.org:192.0.2.7, with an IP address',
  },
  labels: {
    schema: z
      .record(z.string().regex(LABEL), z.union([z.string(), z.number(), z.boolean()]).transform(String))
      .superRefine((labels, context) => {
        for (const key of Object.keys(labels).filter((each) => RESERVED_LABEL.test(each))) {
          const message = 'labels that begin with tmpfleet. or with a prefix of Docker are reserved';
          context.addIssue({ code: 'custom', path: [key], message });
        }
      }),
    expects: 'names with a text, such as org.example.team: press',
  },
  ulimits: {
    schema: z.record(z.string(), limit).superRefine((limits, context) => {
      for (const [name, { soft, hard }] of Object.entries(limits)) {
        const message = !LIMITS.some((each) => each === name)
          ? `unknown limit; there are ${LIMITS.join(', ')}`
          : limitOf(soft) > limitOf(hard) && `soft is ${soft}, which is more than hard, ${hard}`;
        if (message !== false) context.addIssue({ code: 'custom', path: [name], message });
      }
    }),
    expects: 'names with a whole number, such as nofile: 1024, or with {soft: 1024, hard: 2048}',
  },
  security_opt: {
    schema: z.array(z.string().regex(/^[a-z-]+([=:].+)?$/s)),
    expects: 'a list such as [apparmor=my-profile]',
  },
  devices: {
    schema: z.array(z.string().regex(DEVICE)),
    expects: 'a list of devices of the host, such as /dev/kvm or /dev/kvm:/dev/kvm:rw',
  },
  gpus: {
    schema: z.union([z.literal('all'), z.int().min(1), z.array(z.string().min(1)).min(1)]),
    expects: 'all, a number of GPUs, or a list of their ids',
  },
  cap_add: {
    schema: z.array(z.string().regex(/^(CAP_)?[A-Z_]+$/)),
    expects: 'a list of capabilities, such as NET_RAW',
  },
} as const;

export type FieldName = keyof typeof FIELDS;

/** What a file holds, once it has been checked. */
export type ContainerOptions = {
  readonly [K in FieldName]?: z.infer<(typeof FIELDS)[K]['schema']>;
};
