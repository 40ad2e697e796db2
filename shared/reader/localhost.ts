// Names below `localhost` are this machine (RFC 6761 §6.3): browsers know that, resolvers may not.
import { lookup as lookUpByResolver } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { Agent, type Dispatcher } from 'undici';

/** In place of the resolver's, for connections. */
export const lookUp: LookupFunction = (name, options, callback) =>
  lookUpByResolver(name.endsWith('.localhost') ? '127.0.0.1' : name, options, callback);

const agent = new Agent({ connect: { lookup: lookUp } });

/** Options for undici's `request`. */
export function dispatcherFor(url: string): { readonly dispatcher?: Dispatcher } {
  return new URL(url).hostname.endsWith('.localhost') ? { dispatcher: agent } : {};
}
