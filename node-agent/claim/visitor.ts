// Tells a person's browser from other visitors. Only a person's click uses a sandbox.
import type { IncomingHttpHeaders } from 'node:http';
import { isPrefetch } from '../../shared/http/prefetch.ts';

export type Visitor =
  /** A browser navigating for its user, or one who pressed the launch page's button. */
  | 'person'
  /** Fetched ahead of a click that may never come. */
  | 'prefetch'
  /** A link-preview bot, a script, curl, or a browser that does not say (plain http): the launch page will tell. */
  | 'unknown';

/** Fetch metadata: https://www.w3.org/TR/fetch-metadata/ */
export function recognize(method: string, headers: IncomingHttpHeaders): Visitor {
  if (isPrefetch(headers)) return 'prefetch';
  if (method === 'HEAD') return 'unknown';
  if (method === 'POST') return 'person';
  return headers['sec-fetch-mode'] === 'navigate' ? 'person' : 'unknown';
}
