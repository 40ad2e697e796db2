// The metrics of what limits refused, and of a public listener's connections; the same at front and node.

import type { Serving } from '../http/serving.ts';
import { only, type Registry, rowsBy, showCounter, showGauge } from '../metrics.ts';

export function showConnections(
  registry: Registry,
  { connections, refused }: Pick<Serving, 'connections' | 'refused'>,
): void {
  showGauge(registry, {
    name: 'tmpfleet_open_connections',
    help: 'Connections open at the public listener',
    rows: async () => only(await connections()),
  });
  showCounter(registry, {
    name: 'tmpfleet_refused_connections_total',
    help: 'Connections closed by a limit: --max-connections reached (full), too many of one client (client), or near the maximum without a request (silent)',
    labels: ['reason'],
    rows: () => rowsBy('reason', { ...refused }),
  });
}

/** @param refused by the limit that refused, rising */
export function showLimited(registry: Registry, refused: () => Readonly<Record<string, number>>): void {
  showCounter(registry, {
    name: 'tmpfleet_limited_total',
    help: 'Requests for a sandbox that a limit by client refused: --client-arrivals (arrivals), --client-sandboxes (sandboxes), or --client-places (places)',
    labels: ['limit'],
    rows: () => rowsBy('limit', refused()),
  });
}
