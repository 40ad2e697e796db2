// A front in a simulation: the product's own fleet, placement and estimates.
import { Fleet } from '../../../redirector/nodes/fleet.ts';
import type { NodeView } from '../../../redirector/nodes/node-view.ts';
import { LastReports } from '../../../redirector/placement/last-reports.ts';
import { Weights } from '../../../redirector/placement/weights.ts';
import type { Front, Surroundings } from './scenario.ts';

/** How a front chooses. */
export interface Rule {
  readonly choose: (tried: readonly number[]) => NodeView | undefined;
  /** Called for each reader who is sent. */
  readonly sent: (view: NodeView) => void;
}

export type CreateRule = (
  fleet: Fleet,
  views: readonly NodeView[],
  indexOf: ReadonlyMap<NodeView, number>,
) => Rule;

/** A fleet as a front knows it, with the decisions of a rule. */
export function createFleetFront(
  { clock, count, pollMs, random }: Surroundings,
  createRule: CreateRule,
): Front {
  const fleet = new Fleet(clock, { pollIntervalMs: pollMs });
  fleet.setMembers(
    Array.from({ length: count }, (_, index) => ({ id: `n${index}`, url: `http://n${index}.test` })),
  );
  const views = [...fleet.views()];
  const indexOf = new Map(views.map((view, index) => [view, index]));
  const { choose, sent } = createRule(fleet, views, indexOf);
  const lastReports = new LastReports();
  const sendTo = (view: NodeView): number | undefined => {
    fleet.countRedirect(view, clock.now(), 'ticket');
    sent(view);
    return indexOf.get(view);
  };
  const place = (tried: readonly number[]): number | undefined => {
    const view = choose(tried);
    return view === undefined ? undefined : sendTo(view);
  };
  const reportsWarm = (): boolean => lastReports.showWarm(views, clock.now());
  return {
    holds: true,
    mayTellMore: () => views.some((view) => view.full) || reportsWarm(),
    report: (index, stats, askedAt) => fleet.report(viewAt(views, index), stats, askedAt),
    send(tried) {
      const last = tried.at(-1);
      if (last !== undefined) fleet.markFull(viewAt(views, last));
      return place(tried);
    },
    line: {
      markFull: (index) => fleet.markFull(viewAt(views, index)),
      send: place,
      reportsWarm,
      askedAt: (index) => viewAt(views, index).askedAt,
    },
    sendByReport(tried, since) {
      const of = { random, now: clock.now(), since, tried: tried.map((index) => viewAt(views, index)) };
      const view = lastReports.choose(views, of);
      if (view === undefined) return undefined;
      lastReports.use(view);
      return sendTo(view);
    },
  };
}

/** The product's own rule. */
export function createOurFront(surroundings: Surroundings): Front {
  const { clock, random, key, pollMs } = surroundings;
  return createFleetFront(surroundings, (fleet, views) => {
    const weights = new Weights({ ourKey: key, pollIntervalMs: pollMs });
    fleet.watch(weights);
    return {
      choose: (tried) =>
        weights.choose(
          random,
          tried.map((index) => viewAt(views, index)),
          clock.now(),
        ),
      sent: (view) => weights.sent(view, clock.now()),
    };
  });
}

function viewAt(views: readonly NodeView[], index: number): NodeView {
  const view = views[index];
  if (view === undefined) throw new RangeError(`there is no node ${index}`);
  return view;
}
