// Distinguishes a person's browser from other visitors. Only a person's click uses a sandbox.
import type { IncomingHttpHeaders } from 'node:http';
import { isPrefetch } from '../../shared/http/prefetch.ts';

export type Visitor =
  /** A browser that navigates for its user, or a reader who pressed the launch page's button. */
  | 'person'
  /** A request ahead of a click that may never come. */
  | 'prefetch'
  /** A link-preview bot, a script, curl, or a browser without fetch metadata (plain http): it gets the launch page. */
  | 'unknown';

/** Fetch metadata: https://www.w3.org/TR/fetch-metadata/ */
export function recognize(method: string, headers: IncomingHttpHeaders): Visitor {
  if (isPrefetch(headers)) return 'prefetch';
  if (method === 'HEAD') return 'unknown';
  if (method === 'POST') return 'person';
  return headers['sec-fetch-mode'] === 'navigate' ? 'person' : 'unknown';
}
