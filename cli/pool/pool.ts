// `tmpfleet pool …`: a node's pool as a whole, at the node's own control listener; or the pools of a fleet, at the front.
import { type Command, Option } from 'commander';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import { type PoolStatusJson, poolStatusSchema, recycledSchema } from '../../shared/api/pool.ts';
import { spellCount } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import { auditVerb } from '../control/audit.ts';
import type { ControlClient } from '../control/client.ts';
import { addWaitFlags, controlVerb, type Given, read } from '../control/verb.ts';
import { printable } from '../terminal/text.ts';
import { type Progress, waitFor } from '../terminal/wait.ts';
import { askFleet, type PoolRequest } from './fleet.ts';
import { describeRefresh, judgeRefresh } from './refresh.ts';

const RESIZE = 'change --capacity or --warm of a running node, until its configuration changes';
const HELP = `
Without --front and --node-id, a verb is for the node whose control listener --node names. With one of them it asks the front
(--front, or TMPFLEET_FRONT), which passes it on to all nodes, or to those that are named, by signed orders: the front and its
nodes need a fleet secret. Plain tmpnb nodes are skipped.
  tmpfleet pool --front http://127.0.0.1:9001 status
  tmpfleet pool resize --front http://127.0.0.1:9001 --warm 40          # of each node
  tmpfleet pool recycle --node-id node7 --node-id node8 --wait
Exit code: not 0 if one node failed; the others have done it all the same.`;

export function addPoolCommand(group: Command): void {
  group.addHelpText('after', HELP);
  verb(group, 'status', 'show slots, sandboxes and differences from the configuration', {
    atNode: async ({ client, print }) => show(print, await lookAt(client)),
    inFleet: () => ({}),
  });
  addWaitFlags(
    verb(group, 'recycle', 'replace all unclaimed sandboxes by new ones, step by step', {
      atNode: recycle,
      inFleet: () => ({ method: 'DELETE', judge: judgeRecycling }),
    }),
  );
  verb(group, 'resize', RESIZE, {
    atNode: resize,
    inFleet: ({ flags }) => ({ method: 'POST', path: '/resize', body: sizeOf(flags) }),
  })
    .addOption(
      new Option(
        '--capacity <n>',
        'slots; if readers have more, they keep them, and new readers wait until some leave',
      ).argParser(read(nodeAgentOptions.capacity.kind)),
    )
    .addOption(
      new Option('--warm <n|all>', 'sandboxes to keep ready').argParser(read(nodeAgentOptions.warm.kind)),
    )
    .addOption(new Option('--reset', 'return to the configured values').conflicts(['capacity', 'warm']));
  addWaitFlags(
    verb(
      group,
      'refresh',
      'look for a newer image now; if there is one, unclaimed sandboxes give way to it',
      {
        atNode: refresh,
        inFleet: () => ({ method: 'POST', path: '/refresh', judge: judgeRefresh }),
      },
    ),
  );
  for (const [name, help] of [
    ['pause', 'start no more sandboxes; warm ones can still be claimed'],
    ['resume', 'start sandboxes again'],
  ] as const) {
    verb(group, name, help, {
      atNode: (given) => command(given, name),
      inFleet: () => ({ method: 'POST', path: `/${name}` }),
    });
  }
  auditVerb(
    group
      .command('audit')
      .description("show the orders that this node's own control listener was given, newest first"),
    'node',
  );
}

interface PoolVerb {
  /** At the node's own control listener. */
  readonly atNode: (given: Given) => Promise<void>;
  /** What the front is asked to pass on. */
  readonly inFleet: (given: Given) => PoolRequest;
}

function verb(group: Command, name: string, help: string, { atNode, inFleet }: PoolVerb): Command {
  const run = (given: Given): Promise<void> =>
    given.who === 'front' ? askFleet(given, inFleet(given)) : atNode(given);
  return controlVerb(group.command(name).description(help), 'either', run).option(
    '--node-id <id>',
    'ask the front for this node; the beginning of its name is enough; may be given several times (default with --front: all)',
    (id: string, before: readonly string[] | undefined) => [...(before ?? []), ...id.split(',')],
  );
}

function lookAt(client: ControlClient): Promise<PoolStatusJson> {
  return client.send({ path: '/api/status', schema: poolStatusSchema });
}

async function command({ client, print }: Given, what: 'pause' | 'resume'): Promise<void> {
  show(print, await client.send({ method: 'POST', path: `/api/pool/${what}`, schema: poolStatusSchema }));
}

async function resize({ client, flags, print }: Given): Promise<void> {
  const body = sizeOf(flags);
  show(
    print,
    await client.send({ method: 'POST', path: '/api/pool/resize', body, schema: poolStatusSchema }),
  );
}

/** @throws FleetError `bad-config` when it says nothing */
function sizeOf(flags: Given['flags']): object {
  const body =
    flags.reset === true
      ? { capacity: null, warm: null }
      : {
          ...(flags.capacity === undefined ? {} : { capacity: flags.capacity }),
          ...(flags.warm === undefined
            ? {}
            : { warm: flags.warm === Number.POSITIVE_INFINITY ? 'all' : flags.warm }),
        };
  if (Object.keys(body).length === 0) {
    throw new FleetError('bad-config', 'resize says neither --capacity nor --warm', {
      remedy: 'give one of them, both, or --reset',
    });
  }
  return body;
}

async function refresh({ client, flags, print }: Given): Promise<void> {
  const begun = await client.send({ method: 'POST', path: '/api/pool/refresh', schema: poolStatusSchema });
  if (flags.wait !== true) {
    show(print, begun);
    return;
  }
  show(
    print,
    await waitFor({
      ...{ look: () => lookAt(client), judge: judgeRefresh },
      timeout: typeof flags.timeout === 'number' ? flags.timeout : undefined,
    }),
  );
}

async function recycle({ client, flags, print }: Given): Promise<void> {
  const { drained } = await client.send({
    ...{ method: 'DELETE', path: '/api/pool', schema: recycledSchema },
  });
  if (flags.wait !== true) {
    print({ drained }, () => `${spellCount(drained, 'sandbox')} will give way to new ones`);
    return;
  }
  const status = await waitFor({
    look: () => lookAt(client),
    judge: judgeRecycling,
    timeout: typeof flags.timeout === 'number' ? flags.timeout : undefined,
  });
  print(
    { drained, ...status },
    () => `${spellCount(drained, 'sandbox')} gave way; ${status.fleet.warm} new ones are ready`,
  );
}

function judgeRecycling({ fleet, pool }: PoolStatusJson): Progress {
  const text = `${pool.stale} old left, ${fleet.warm} of ${pool.warm_wanted} ready, ${fleet.starting} starting`;
  if (fleet.state === 'draining' || fleet.state === 'drained') {
    return {
      text,
      otherwise: `the node is ${fleet.state}: its unclaimed sandboxes were removed and are not replaced`,
    };
  }
  if (pool.stale === 0 && (pool.paused || fleet.warm >= pool.warm_wanted)) return { text, done: true };
  if (pool.paused) {
    return {
      text,
      otherwise: 'the pool is paused, so nothing is replaced; run tmpfleet pool resume',
    };
  }
  return { text };
}

function show(print: Given['print'], status: PoolStatusJson): void {
  print(status, () => describe(status));
}

function describe({ fleet, pool }: PoolStatusJson): string {
  const { configured } = pool;
  const other = (now: number | 'all', was: number | 'all'): string =>
    now === was ? '' : ` (configured: ${was})`;
  const over = fleet.held - pool.capacity;
  return [
    `${printable(fleet.node)}: ${pool.capacity} slots${other(pool.capacity, configured.capacity)}, ` +
      `${pool.warm} kept ready${other(pool.warm, configured.warm)}${pool.paused ? ', paused: nothing is started' : ''}`,
    `now: ${fleet.held} held, ${fleet.warm} warm, ${fleet.starting} starting, ${fleet.removing} removing` +
      `${pool.stale > 0 ? `, ${pool.stale} to give way to new ones` : ''} (${fleet.state})`,
    ...(pool.refresh === undefined ? [] : [describeRefresh(pool.refresh)]),
    ...(over > 0
      ? [
          `Readers hold ${over} more sandboxes than there are slots: they stay, and no new reader is taken until they leave.`,
        ]
      : []),
  ].join('\n');
}
