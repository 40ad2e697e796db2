// The node's report: one consistent snapshot from memory, so that a node answers while its engine hangs.
import { cpus, loadavg } from 'node:os';
import { newNonce } from '../../shared/clock.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import { type FleetReport, type NodeStats, PROTOCOL } from '../../shared/protocol/wire.ts';
import type { ObjectiveTotals } from '../../shared/reader-times/objective.ts';
import type { TicketCounter } from '../claim/ticket-counter.ts';
import type { Pool } from '../pool/pool.ts';
import type { NodeLifecycle } from '../state/node-lifecycle.ts';

export interface SnapshotSources {
  readonly nodeId: string;
  readonly version: string;
  /** The image's name or the command; asked each time, as an engine may learn it only when it opens. */
  readonly image: () => string;
  readonly pool: Pool;
  readonly lifecycle: NodeLifecycle;
  readonly tickets: TicketCounter;
  /** Of the keys that it verifies tickets with. */
  readonly keyIds: () => readonly string[];
  readonly slo: () => ObjectiveTotals;
  /** Whether readers come here by pages. */
  readonly showsPages: boolean;
  /** What a front has told; undefined where none can. */
  readonly embedOrigins: () => readonly string[] | undefined;
  /** What fronts say of the readers who wait there. */
  readonly lines: () => readonly string[];
}

/** A report of tmpfleet always has the `fleet` object. */
export type OwnReport = NodeStats & { readonly fleet: FleetReport };

/** Returns a function that takes a snapshot; `seq` rises with each one. */
export function createSnapshots(sources: SnapshotSources): () => OwnReport {
  const { pool, lifecycle, tickets } = sources;
  const boot = newNonce();
  const cores = Math.max(1, cpus().length);
  let seq = 0;
  return () => {
    const { warm, starting, held, removing, waiting, cold, claims, problem } = pool.status();
    const { state } = lifecycle;
    const { deadline, forced } = lifecycle.current;
    const embedOrigins = sources.embedOrigins();
    const lines = sources.lines();
    seq += 1;
    return {
      available: takesReaders(state) ? warm : 0,
      capacity: pool.settings.capacity,
      version: sources.version,
      container_image: sources.image(),
      fleet: {
        protocol: PROTOCOL,
        node: sources.nodeId,
        boot,
        seq,
        state,
        ...{ warm, starting, held, removing, waiting, cold },
        frozen: pool.table.frozen,
        ...(problem === undefined ? {} : { problem }),
        paused: pool.settings.paused,
        capacity: pool.settings.capacity,
        image: sources.image(),
        claims,
        ended: pool.table.endings(),
        seen: tickets.seen(),
        key_ids: [...sources.keyIds()],
        load: Math.round(((loadavg()[0] ?? 0) / cores) * 1000) / 1000,
        ...(embedOrigins === undefined ? {} : { embed_origins: [...embedOrigins] }),
        slo: { ...sources.slo() },
        ...(sources.showsPages ? { canary: true } : {}),
        ...(lines.length === 0 ? {} : { lines: [...lines] }),
        drain_deadline: deadline,
        drain_forced: forced,
      },
    };
  };
}
