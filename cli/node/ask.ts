// One node at the front, by its name.
import { nodesSchema } from '../../shared/api/node.ts';
import { type ControlClient, ControlRefusal } from '../control/client.ts';
import { orSuggest } from '../control/verb.ts';

export interface NameRules {
  /** Whether the beginning of a name is not enough, because what is asked cannot be taken back. */
  readonly exact?: boolean;
}

/**
 * Asks something of one node. `id` is its name, or the beginning of exactly one name; a name that is unknown is answered
 * with those that were near.
 */
export function forNode<T>(
  client: ControlClient,
  id: string,
  ask: (path: string) => Promise<T>,
  { exact = false }: NameRules = {},
): Promise<T> {
  const names = async (): Promise<readonly string[]> =>
    (await client.send({ path: '/api/nodes', schema: nodesSchema })).nodes.map(({ id }) => id);
  const askFor = (name: string): Promise<T> => ask(`/api/nodes/${encodeURIComponent(name)}`);
  const askByName = async (): Promise<T> => {
    try {
      return await askFor(id);
    } catch (error) {
      if (exact || !(error instanceof ControlRefusal) || error.code !== 'not-found') throw error;
      const [only, another] = (await names()).filter((name) => name.startsWith(id));
      if (id === '' || only === undefined || another !== undefined) throw error;
      return askFor(only);
    }
  };
  return orSuggest(id, askByName, { what: 'nodes', names });
}
