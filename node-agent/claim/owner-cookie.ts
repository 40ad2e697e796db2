// The cookie that gives a reader their own sandbox again. It names the sandbox and proves the claim.
import { equalInConstantTime } from '../../shared/http/auth.ts';
import { isHeld } from '../../shared/protocol/sandbox-state.ts';
import type { Sandbox } from '../sandboxes/table.ts';

/** Prefix of all our cookies. Sandboxes share the origin; the proxy removes these cookies from requests to them. */
export const COOKIE_PREFIX = 'tmpfleet_';

/** Per node: several nodes may share a host name, and cookies do not know about ports. */
export function cookieName(nodeId: string): string {
  return `${COOKIE_PREFIX}${nodeId}`;
}

export function formatOwnerCookie(nodeId: string, sandbox: Sandbox, secure: boolean): string {
  return `${cookieName(nodeId)}=${sandbox.id}.${sandbox.owner ?? ''}; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
}

/** The living sandbox that the cookie proves a claim to; undefined when there is none. */
export function findOwned(
  header: string | undefined,
  nodeId: string,
  lookup: (id: string) => Sandbox | undefined,
): Sandbox | undefined {
  const name = cookieName(nodeId);
  for (const part of header?.split(';') ?? []) {
    const [key, value] = part.trim().split('=', 2);
    const [id, owner] = key === name && value !== undefined ? value.split('.', 2) : [];
    if (id === undefined || owner === undefined) continue;
    const sandbox = lookup(id);
    if (sandbox?.owner !== undefined && isHeld(sandbox.state) && equalInConstantTime(sandbox.owner, owner)) {
      return sandbox;
    }
  }
  return undefined;
}
