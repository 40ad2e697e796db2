// One node at the front, by its id.
import { nodesSchema } from '../../shared/api/node.ts';
import type { ControlClient } from '../control/client.ts';
import { orSuggest } from '../control/verb.ts';

/** Asks something of one node; an id that is unknown is answered with those that were near. */
export function forNode<T>(client: ControlClient, id: string, ask: (path: string) => Promise<T>): Promise<T> {
  return orSuggest(id, () => ask(`/api/nodes/${encodeURIComponent(id)}`), {
    what: 'nodes',
    names: async () =>
      (await client.send({ path: '/api/nodes', schema: nodesSchema })).nodes.map(({ id }) => id),
  });
}
