// A build of ours, as `--dist` names it.
import { resolve } from 'node:path';

/** @param text `<path>`, or `<label>=<path>` */
export function buildOf(text) {
  const mark = text.indexOf('=');
  return { label: text.slice(0, Math.max(0, mark)), dist: resolve(text.slice(mark + 1)) };
}
