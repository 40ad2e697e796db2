// The reference documents, made from the source: path from the top of the repository to text.
import { makeErrors } from './errors.ts';
import { makeHttpApi } from './http-api.ts';
import { makeMetrics } from './metrics.ts';
import { makeOptions } from './options.ts';

export async function makeReferences(): Promise<Readonly<Record<string, string>>> {
  return {
    'docs/reference/errors.md': makeErrors(),
    'docs/reference/http-api.md': makeHttpApi(),
    'docs/reference/metrics.md': await makeMetrics(),
    'docs/reference/options.md': makeOptions(),
  };
}
