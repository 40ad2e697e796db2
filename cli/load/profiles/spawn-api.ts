// A program: asks for a sandbox by `POST /api/spawn`, and opens what it got with the token of the answer.
import { parseJson, spawnAnswerSchema } from '../../../shared/protocol/wire.ts';
import { nodeOf } from '../../../shared/reader/way.ts';
import type { ReaderOptions } from './reader-options.ts';
import type { Visit } from './visit.ts';

/** What a program sends: nothing that only a browser would. */
const PROGRAM = { 'user-agent': 'tmpfleet-load', accept: 'application/json' };

/** @throws VisitEnded */
export async function spawn(
  visit: Visit,
  { url, apiToken, page, stay, think }: ReaderOptions,
): Promise<void> {
  const at = new URL('/api/spawn', url).href;
  const { text } = await visit.get('spawn', at, {
    ...{ method: 'POST', destination: 'fetch', site: 'none', isRead: true, body: '' },
    headers: { ...PROGRAM, ...(apiToken === '' ? {} : { authorization: `token ${apiToken}` }) },
  });
  const answer = parseAnswer(visit, text);
  const sandbox = new URL(answer.url, url);
  visit.node = nodeOf(sandbox.href);
  visit.lap('spawn');
  const use = async (step: string): Promise<void> => {
    const headers = {
      ...PROGRAM,
      ...(answer.token === undefined ? {} : { authorization: `token ${answer.token}` }),
    };
    await visit.get(step, sandbox.href, { destination: 'fetch', site: 'none', headers });
    visit.lap(step);
  };
  if (page !== 'none') await use('use');
  visit.served();
  let left = stay.draw(visit.random);
  while (left > 0) {
    const pause = Math.min(left, think.draw(visit.random));
    left -= Math.max(pause, 1);
    if (!(await visit.pause(pause))) return;
    if (left > 0 && page !== 'none') await use('again');
  }
}

function parseAnswer(visit: Visit, text: string) {
  try {
    return parseJson(text, spawnAnswerSchema, 'the answer to POST /api/spawn');
  } catch (error) {
    return visit.fail('spawn', error);
  }
}
