// The profiles: what one reader does, from the click to the end.
import { clickEmbedded } from './embed.ts';
import { takeSteps } from './http-steps.ts';
import type { ReaderOptions } from './reader-options.ts';
import { spawn } from './spawn-api.ts';
import { stayAt } from './stay.ts';
import type { Visit } from './visit.ts';
import { walkIn } from './walk.ts';

/** Resolves when the reader has left. @throws VisitEnded where they do not get what they came for */
export async function takeVisit(visit: Visit, options: ReaderOptions): Promise<void> {
  if (options.profile === 'spawn-api') return spawn(visit, options);
  if (options.profile === 'http') return takeSteps(visit, options);
  const { url, patienceMs } = options;
  const landing =
    options.profile === 'embed'
      ? await clickEmbedded(visit, options)
      : await walkIn(visit, { url, destination: 'document', site: 'cross-site', patienceMs });
  return stayAt(visit, landing, options);
}
