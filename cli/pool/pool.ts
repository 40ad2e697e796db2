// `tmpfleet pool …`: a node's pool as a whole, at the node's own control listener.

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

export function addPoolCommand(group: Command): void {
  verb(
    group,
    'status',
    'show slots, sandboxes and differences from the configuration',
    async ({ client, print }) => {
      show(print, await lookAt(client));
    },
  );
  addWaitFlags(verb(group, 'recycle', 'replace all unclaimed sandboxes by new ones, step by step', recycle));
  verb(
    group,
    'resize',
    'change --capacity or --warm of a running node, until its configuration changes',
    resize,
  )
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
  verb(group, 'pause', 'start no more sandboxes; warm ones can still be claimed', (given) =>
    command(given, 'pause'),
  );
  verb(group, 'resume', 'start sandboxes again', (given) => command(given, 'resume'));
  auditVerb(
    group
      .command('audit')
      .description("show the orders that this node's own control listener was given, newest first"),
    'node',
  );
}

function verb(group: Command, words: string, help: string, run: (given: Given) => Promise<void>): Command {
  return controlVerb(group.command(words).description(help), 'node', run);
}

function lookAt(client: ControlClient): Promise<PoolStatusJson> {
  return client.send({ path: '/api/status', schema: poolStatusSchema });
}

async function command({ client, print }: Given, what: 'pause' | 'resume'): Promise<void> {
  show(print, await client.send({ method: 'POST', path: `/api/pool/${what}`, schema: poolStatusSchema }));
}

async function resize({ client, flags, print }: Given): Promise<void> {
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
  show(
    print,
    await client.send({ method: 'POST', path: '/api/pool/resize', body, schema: poolStatusSchema }),
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
    ...(over > 0
      ? [
          `Readers hold ${over} more sandboxes than there are slots: they stay, and no new reader is taken until they leave.`,
        ]
      : []),
  ].join('\n');
}
