// For a page that tries again by itself: how it does so in a browser without scripts.
import { escapeHtml } from '../http/page.ts';

/** The share of the time by which readers who were turned away together come back apart. */
export const RETRY_SPREAD = 0.6;

/**
 * An element for the head of the page.
 * @param afterMs at the earliest
 * @param address to go to; without it the page is loaded again
 */
export function retryWithoutScript(afterMs: number, address = ''): string {
  const seconds = Math.ceil((afterMs / 1_000) * (1 + RETRY_SPREAD * Math.random()));
  const target = address === '' ? '' : `; url=${escapeHtml(address)}`;
  return `<noscript><meta http-equiv="refresh" content="${seconds}${target}"></noscript>`;
}
