// The metrics of the static files in a node's memory.
import { only, type Registry, rowsBy, showCounter, showGauge } from '../../shared/metrics.ts';
import type { StaticCache, StaticCacheCounters } from '../static-cache/static-cache.ts';

const SWITCHED_OFF: StaticCacheCounters = {
  lookups: { hit: 0, miss: 0, bypass: 0 },
  learnt: { kept: 0, refused: 0, failed: 0, later: 0 },
  ...{ servedBytes: 0, heldBytes: 0, heldFiles: 0, learning: 0 },
};

/** @param cache undefined where it is switched off: all are 0 */
export function showStaticCache(registry: Registry, cache: Pick<StaticCache, 'counters'> | undefined): void {
  const counters = (): StaticCacheCounters => cache?.counters ?? SWITCHED_OFF;
  showCounter(registry, {
    name: 'tmpfleet_static_cache_requests_total',
    help: 'Requests for static files below /user/ that may be in memory: served from there (hit), not there yet or not kept (miss), or of readers who want the answer of their own sandbox (bypass)',
    labels: ['result'],
    rows: () => rowsBy('result', { ...counters().lookups }),
  });
  showCounter(registry, {
    name: 'tmpfleet_static_cache_learnt_total',
    help: 'Attempts to learn a static file from unclaimed sandboxes: kept, refused because it may be personal or may change, failed, or put off until another unclaimed sandbox is there (later)',
    labels: ['outcome'],
    rows: () => rowsBy('outcome', { ...counters().learnt }),
  });
  showCounter(registry, {
    name: 'tmpfleet_static_cache_served_bytes_total',
    help: 'Bytes of bodies that readers got from memory, as sent',
    rows: () => only(counters().servedBytes),
  });
  showGauge(registry, {
    name: 'tmpfleet_static_cache_bytes',
    help: 'Memory that static files take, in all codings',
    rows: () => only(counters().heldBytes),
  });
  showGauge(registry, {
    name: 'tmpfleet_static_cache_learning',
    help: 'Static files that are being learnt from unclaimed sandboxes, or wait for that',
    rows: () => only(counters().learning),
  });
}
