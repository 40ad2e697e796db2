// Finds the sandbox of a request for the proxy, or the reason why there is none.
import { isHeld, isStopped } from '../../shared/protocol/sandbox-state.ts';
import type { Pool } from '../pool/pool.ts';
import type { Lookup } from '../proxy/proxy.ts';

/** The proxy serves only sandboxes that a reader holds. */
export function lookUpSandbox(pool: Pick<Pool, 'table'>, id: string): Lookup {
  const sandbox = pool.table.get(id);
  if (sandbox === undefined || !isHeld(sandbox.state) || sandbox.address === undefined) {
    return isStopped(pool.table.endedAs(id)) ? 'dead' : 'gone';
  }
  return { address: sandbox.address, token: sandbox.token };
}
