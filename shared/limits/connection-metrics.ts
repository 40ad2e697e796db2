// The metrics of a public listener's connections; the same at front and node.

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
