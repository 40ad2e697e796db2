// The front's own reader (`--canary-every`): goes the whole way through every node that takes readers, from the claim to the first
// output, and ends its sandbox. Its ticket says what it is: the node gives it only what is to spare, and neither counts it as a reader.
//
// A node may be stolen, so it leads this reader to no other place: redirects are followed within its own origin, and to hosts of
// sandboxes at its port; no form is sent.
import pLimit from 'p-limit';
import type { Clock, Random } from '../../shared/clock.ts';
import { describeError, FleetError } from '../../shared/errors.ts';
import { isLoopback } from '../../shared/http/serving.ts';
import type { Logger } from '../../shared/logging.ts';
import { type Loop, startLoop } from '../../shared/loop.ts';
import { takesReaders } from '../../shared/protocol/node-state.ts';
import { nonceOfTicket, ticketBehind } from '../../shared/protocol/ticket.ts';
import { ClickEnded, click, type Landing } from '../../shared/reader/click.ts';
import { awaitOutput, isJupyter, startKernel } from '../../shared/reader/kernel.ts';
import type { Move } from '../../shared/reader/way.ts';
import { inStep, type Span, type Tracer } from '../../shared/tracing/tracer.ts';
import type { Fleet } from '../nodes/fleet.ts';
import {
  type CanaryStep,
  type CanaryVerdict,
  estimateRoom,
  mayBeSentTo,
  type NodeView,
} from '../nodes/node-view.ts';
import type { CanaryOutcome } from './outcomes.ts';

export interface CanaryOptions {
  readonly fleet: Fleet;
  readonly everyMs: number;
  /** The ticket of a visit; undefined where the node takes none. */
  readonly ticketFor: (view: NodeView) => string | undefined;
  /** Has the node end a sandbox. */
  readonly end: (view: NodeView, sandbox: string) => Promise<void>;
  /** Whether readers stand in line. */
  readonly isBusy: () => boolean;
  /** As in `estimateRoom`. */
  readonly ourKey: string | undefined;
  readonly count: (node: string, outcome: CanaryOutcome) => void;
  /** Undefined where nothing is traced. */
  readonly tracer?: Tracer | undefined;
  /** Longest visit; default a minute. ms */
  readonly visitMs?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/** A reader would have left; and one node must not keep the canary from the others. ms */
const LONGEST_VISIT_MS = 60_000;
/** Nodes that are visited at one time. */
const AT_ONCE = 4;
/** Of a reason that is shown: it may quote what a node said. */
const LONGEST_REASON = 300;
const AGENT = 'tmpfleet-canary';
/** A line that every language's kernel has an answer to. */
const LINE = '1+1';

interface Walked extends Pick<CanaryVerdict, 'reason' | 'steps'> {
  /** Undefined where we broke it off, which says nothing of the node. */
  readonly outcome: CanaryOutcome | undefined;
}

export class Canary {
  readonly #options: CanaryOptions;
  readonly #loop: Loop;
  readonly #over = new AbortController();

  constructor(options: CanaryOptions) {
    this.#options = options;
    const { random, logger, everyMs } = options;
    const loop = { interval: () => everyMs, jitter: 0.1, random, logger, what: 'the canary' };
    this.#loop = startLoop(() => this.#visitAll(), loop);
  }

  /** Breaks off the visits under way, and has their sandboxes ended. */
  close(): Promise<void> {
    this.#over.abort(new Error('the front stops'));
    return this.#loop.stop();
  }

  async #visitAll(): Promise<void> {
    const limit = pLimit(AT_ONCE);
    await Promise.all([...this.#options.fleet.views()].map((view) => limit(() => this.#visit(view))));
  }

  async #visit(view: NodeView): Promise<void> {
    const { count, ticketFor } = this.#options;
    if (this.#over.signal.aborted) return;
    const { id } = view.member;
    const ticket = ticketFor(view);
    const skipped = ticket === undefined ? 'unsupported' : this.#whyNot(view);
    if (ticket === undefined || skipped !== undefined) {
      count(id, skipped ?? 'unsupported');
      return;
    }
    const span = this.#trace(id, ticket);
    const { outcome, reason, steps } = await this.#walk(view, ticket, span);
    if (reason !== '') span?.fail(reason);
    if (outcome !== undefined) span?.set({ 'tmpfleet.outcome': outcome });
    span?.end();
    if (outcome === undefined) return;
    count(id, outcome);
    if (outcome !== 'no-spare') this.#note(view, { reason, steps });
  }

  /** The first step of a trace, to which the node adds its own. Each visit is traced: they are few. */
  #trace(node: string, ticket: string): Span | undefined {
    const trace = this.#options.tracer?.traceOf(nonceOfTicket(ticket), true);
    return trace?.first('canary', { attributes: { 'tmpfleet.node': node, 'tmpfleet.canary': true } });
  }

  async #walk(view: NodeView, ticket: string, span: Span | undefined): Promise<Walked> {
    const { visitMs = LONGEST_VISIT_MS, clock } = this.#options;
    const over = this.#over.signal;
    const steps: Partial<Record<CanaryStep, number>> = {};
    const late = AbortSignal.timeout(visitMs);
    let sandbox: string | undefined;
    let reason = '';
    try {
      const landing = await inStep(span, 'click', () =>
        click(`${view.member.url}/${ticketBehind('', ticket)}`, {
          ...{ agent: AGENT, clock, signal: AbortSignal.any([over, late]) },
          allows: (move) => isOfNode(move, view.member.url),
          onSandbox: (found) => {
            sandbox = found;
          },
        }),
      );
      Object.assign(steps, landing.times);
      await this.#useJupyter(landing, steps, span);
    } catch (error) {
      if (error instanceof ClickEnded && error.reason === 'full')
        return { outcome: 'no-spare', reason, steps };
      reason = late.aborted
        ? `the visit was not over after ${visitMs / 1_000} s`
        : describeError(error).slice(0, LONGEST_REASON);
    } finally {
      const found = sandbox;
      if (found !== undefined) await inStep(span, 'end sandbox', () => this.#leave(view, found));
    }
    const outcome = reason === '' ? 'ok' : over.aborted ? undefined : 'failed';
    return { outcome, reason, steps };
  }

  /** Undefined where a visit takes nothing from a reader. */
  #whyNot(view: NodeView): CanaryOutcome | undefined {
    const { clock, ourKey, isBusy } = this.#options;
    const report = view.stats?.fleet;
    if (report?.canary !== true) return 'unsupported';
    if (!mayBeSentTo(view, clock.now()) || !takesReaders(report.state)) return 'not-ready';
    if (isBusy()) return 'readers-wait';
    return estimateRoom(view, ourKey, clock.now()).warm < 2 ? 'no-spare' : undefined;
  }

  async #useJupyter(
    landing: Landing,
    steps: Partial<Record<CanaryStep, number>>,
    span: Span | undefined,
  ): Promise<void> {
    const { clock } = this.#options;
    if (!(await isJupyter(landing))) return;
    const began = clock.monotonic();
    const kernel = await inStep(span, 'kernel', () => startKernel(landing));
    const startedAt = clock.monotonic();
    steps.kernel = startedAt - began;
    await inStep(span, 'output', () => awaitOutput(landing, kernel, LINE));
    steps.output = clock.monotonic() - startedAt;
  }

  /** A sandbox that cannot be ended so ends like one that a reader has left. */
  async #leave(view: NodeView, sandbox: string): Promise<void> {
    const { end, logger } = this.#options;
    await end(view, sandbox).catch((error: unknown) => {
      // It has ended by itself.
      if (error instanceof FleetError && error.code === 'not-found') return;
      logger.warn(
        { node: view.member.id, error: describeError(error) },
        "the canary's sandbox was not ended",
      );
    });
  }

  #note(view: NodeView, { reason, steps }: Pick<CanaryVerdict, 'reason' | 'steps'>): void {
    const { fleet, clock, logger } = this.#options;
    const before = view.canary;
    const isFailing = reason !== '';
    const isSame = before?.isFailing === isFailing;
    fleet.noteCanary(view, { isFailing, since: isSame ? before.since : clock.now(), reason, steps });
    const node = view.member.id;
    if (isFailing && !isSame)
      logger.warn({ node, reason }, 'the canary fails: a reader would not get through');
    else if (!isFailing && before?.isFailing === true) logger.info({ node }, 'the canary gets through again');
  }
}

/** Whether a node may lead the canary there: to itself, or to the host of a sandbox (`--sandbox-domain`) at its own port. */
function isOfNode({ kind, url }: Pick<Move, 'kind'> & { readonly url: string }, node: string): boolean {
  if (kind !== 'go' || !URL.canParse(url)) return false;
  const [to, own] = [new URL(url), new URL(node)];
  if (to.origin === own.origin) return true;
  const { hostname } = to;
  // Names below localhost are this machine, whatever a node of another one says.
  if (hostname.length > LONGEST_NAME || (hostname.endsWith('.localhost') && !isLoopback(own.hostname)))
    return false;
  return to.protocol === own.protocol && to.port === own.port && SANDBOX_HOST.test(hostname);
}

/** Of a host (RFC 1035 §2.3.4). */
const LONGEST_NAME = 253;
/** The name begins with the sandbox's. */
const SANDBOX_HOST = /^[0-9a-z]{20,63}\.[a-z0-9.-]*[a-z][a-z0-9.-]*$/;
