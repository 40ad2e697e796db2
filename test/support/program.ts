// A program that asks for a sandbox by `POST /api/spawn` and uses it with the token of the answer.
import { spawnAnswerSchema } from '../../shared/protocol/wire.ts';
import { until } from './until.ts';

export interface SpawnedSandbox {
  /** Absolute, with a slash at its end. */
  readonly base: string;
  /** Its path at its node. */
  readonly path: string;
  readonly id: string;
  readonly token: string;
  /** What every request to it needs. */
  readonly headers: { readonly authorization: string };
}

/** Asks the node or front at `origin` until there is room. */
export async function spawnSandbox(origin: string): Promise<SpawnedSandbox> {
  const answer = await until('a sandbox is given out', async () => {
    const spawned = await fetch(`${origin}/api/spawn`, { method: 'POST' });
    if (spawned.ok) return spawned;
    await spawned.body?.cancel();
    return undefined;
  });
  const { url, token = '' } = spawnAnswerSchema.parse(await answer.json());
  const base = new URL(url, origin);
  return {
    base: base.href,
    path: base.pathname,
    id: /\/user\/([^/]+)/.exec(base.pathname)?.[1] ?? '',
    token,
    headers: { authorization: `token ${token}` },
  };
}
