// Names below `localhost` for undici and WebSockets, as the readers of `tmpfleet load` look them up.
import { Agent, type Dispatcher } from 'undici';
import { lookUp as lookup } from '../../cli/load/client/addresses.ts';

const agent = new Agent({ connect: { lookup } });

/** Options for undici's `request`. */
export function dispatcherFor(url: string): { readonly dispatcher?: Dispatcher } {
  return new URL(url).hostname.endsWith('.localhost') ? { dispatcher: agent } : {};
}

/** Options for a WebSocket's connection. */
export const byLocalhost = { lookup };
