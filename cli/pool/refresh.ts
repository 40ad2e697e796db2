// A search for a newer image that was ordered: how it stands, in words.
import type { PoolStatusJson, RefreshJson } from '../../shared/api/pool.ts';
import { printable } from '../terminal/text.ts';
import type { Progress } from '../terminal/wait.ts';

export function describeRefresh({ outcome, problem }: RefreshJson): string {
  switch (outcome) {
    case 'running':
      return 'looking for a newer image';
    case 'newer':
      return 'a newer image was found, and unclaimed sandboxes give way to it';
    case 'same':
      return 'there is no newer image';
    case 'failed':
      return `the search for a newer image failed: ${printable(problem ?? '')}`;
  }
}

/** Done once the image was looked for, whether there is a newer one or not. */
export function judgeRefresh({ pool: { refresh } }: PoolStatusJson): Progress {
  if (refresh === undefined) {
    return { text: 'restarted', otherwise: 'the node-agent was started again meanwhile; order it again' };
  }
  const text = describeRefresh(refresh);
  if (refresh.outcome === 'failed') return { text, otherwise: text };
  return { text, done: refresh.outcome !== 'running' };
}
