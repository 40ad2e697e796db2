// The profile `http`: a reader of any app, who takes the steps of a file.
import { MAX_HOPS } from '../../../shared/reader/way.ts';
import type { ClientAnswer } from '../client/reader-client.ts';
import type { HttpRequest } from './http-file.ts';
import type { ReaderOptions } from './reader-options.ts';
import type { Visit } from './visit.ts';
import { relation } from './walk.ts';

type Saved = Map<string, string>;

/** @throws VisitEnded at the first step that goes wrong */
export async function takeSteps(
  visit: Visit,
  { url, steps }: Pick<ReaderOptions, 'url' | 'steps'>,
): Promise<void> {
  const saved: Saved = new Map();
  for (const { name, request, think } of steps) {
    if (think !== undefined && !(await visit.pause(think.draw(visit.random)))) break;
    if (request === undefined) continue;
    await takeStep(visit, { name, request, url, saved });
  }
  visit.total('all_steps');
  visit.served();
  visit.client.leave();
}

interface Step {
  readonly name: string;
  readonly request: HttpRequest;
  readonly url: string;
  readonly saved: Saved;
}

async function takeStep(visit: Visit, { name, request, url, saved }: Step): Promise<void> {
  const { expect, save, follow } = request;
  let here = new URL(filled(request.target, saved), url).href;
  const isRead = Object.keys(save).length > 0;
  let answer = await send(visit, name, here, request, saved);
  for (let hop = 0; follow && isRedirect(answer) && hop < MAX_HOPS; hop += 1) {
    const next = new URL(answer.location ?? '', here).href;
    const site = relation(here, next);
    here = next;
    answer = await visit.send(name, here, { destination: 'document', site, isRead });
  }
  visit.node = new URL(here).host;
  visit.status(name, answer.status);
  visit.lap(name);
  const isRight = expect.length === 0 ? answer.status < 400 : expect.includes(answer.status);
  if (!isRight) visit.refuse(name, answer.status, here);
  for (const [as, path] of Object.entries(save)) saved.set(as, valueAt(visit, name, answer.text, path));
}

function send(
  visit: Visit,
  name: string,
  address: string,
  { method, headers, body, save }: HttpRequest,
  saved: Saved,
): Promise<ClientAnswer> {
  return visit.send(name, address, {
    ...{ method, destination: 'document', site: 'none', isRead: Object.keys(save).length > 0 },
    ...(body === undefined ? {} : { body: filled(body, saved) }),
    headers: Object.fromEntries(Object.entries(headers).map(([key, value]) => [key, filled(value, saved)])),
  });
}

function isRedirect({ status, location }: ClientAnswer): boolean {
  return status >= 300 && status < 400 && location !== undefined;
}

/** With what was saved in place of each `${name}`. */
function filled(text: string, saved: Saved): string {
  return text.replaceAll(/\$\{(\w+)\}/g, (whole, name: string) => saved.get(name) ?? whole);
}

/** What an answer's JSON has at `result.items.0.id`. */
function valueAt(visit: Visit, step: string, text: string, path: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return visit.fail(step, new Error('the answer is no JSON'));
  }
  for (const key of path.split('.'))
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  return visit.fail(step, new Error(`the answer has nothing at ${path}`));
}
