// Checks that a sandbox's HTTP server answers: before it is pooled, and again before it is given out.
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { describeError, FleetError } from '../../shared/errors.ts';
import { basePath } from './command.ts';
import type { Address } from './engine.ts';

const FIRST_PAUSE_MS = 40;
const LONGEST_PAUSE_MS = 250;
const ONE_TRY_MS = 5_000;
const MAX_REDIRECTS = 5;
/** More of a page is not waited for. */
const MAX_PAGE_BYTES = 1024 * 1024;

/**
 * A new connection for each request: a kept one that the server has closed would look like a server that is gone. Not undici's: in a
 * burst each claim asks its sandbox, and a client of undici for each sandbox was a third of what a claim cost.
 */
const connections = new Agent({ keepAlive: false });

export interface AskedSandbox {
  readonly id: string;
  readonly token: string;
  readonly address: Address | undefined;
}

/** Where the programs in sandboxes answer. */
export interface ProbePlace {
  /** They do not know their base path: they answer at their own root. */
  readonly stripPrefix: boolean;
  /** Path below the base path; empty for the base path itself. */
  readonly probePath: string;
  /** Open the landing page, too, before a sandbox is ready. */
  readonly preloadPage: boolean;
  /** Path below the base path; empty for where the base path leads. */
  readonly landingPath: string;
}

export const BASE_PATH: ProbePlace = {
  stripPrefix: false,
  probePath: '',
  preloadPage: false,
  landingPath: '',
};

/** @param path below the base path, without a slash at its beginning */
export function pathIn(id: string, path: string, { stripPrefix }: Pick<ProbePlace, 'stripPrefix'>): string {
  return `${stripPrefix ? '' : basePath(id)}/${path.replace(/^\/+/, '')}`;
}

/** What the server answered; nothing of its body matters. */
interface Reply {
  readonly status: number;
  readonly location: string | undefined;
}

/**
 * Repeats the request until the server answers well, or `signal` aborts. Then opens the landing page, where that is wanted.
 * @throws FleetError `start-failed` with the last fault
 */
export async function awaitAnswer(
  sandbox: AskedSandbox,
  place: ProbePlace,
  signal: AbortSignal,
): Promise<void> {
  let pause = FIRST_PAUSE_MS;
  let last = 'it was never asked';
  while (!signal.aborted) {
    const found = await probe(sandbox, place, AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]));
    if (typeof found !== 'string') return preload(sandbox, place, found, signal);
    // The error of an abort says nothing about the sandbox.
    if (!signal.aborted) last = found;
    await delay(pause, undefined, { signal }).catch(() => undefined);
    pause = Math.min(LONGEST_PAUSE_MS, pause * 1.5);
  }
  throw new FleetError('start-failed', last);
}

/** One request. @returns the fault, or undefined when the server answers well */
export async function findFault(
  sandbox: AskedSandbox,
  place: ProbePlace,
  signal: AbortSignal,
): Promise<string | undefined> {
  const found = await probe(sandbox, place, signal);
  return typeof found === 'string' ? found : undefined;
}

/** @returns the answer, or the fault */
async function probe(sandbox: AskedSandbox, place: ProbePlace, signal: AbortSignal): Promise<Reply | string> {
  if (sandbox.address === undefined) return 'it has no address';
  try {
    const reply = await ask(sandbox, pathIn(sandbox.id, place.probePath, place), signal);
    if (isAlive(reply.status)) return reply;
    const where = place.probePath === '' ? 'its base path' : `the path of --probe-path (${place.probePath})`;
    return `it answers ${reply.status} on ${where}`;
  } catch (error) {
    return describeError(error);
  }
}

/**
 * Opens the page that most readers see first: servers load templates and modules at their first page, and no reader should wait
 * for that. That it cannot be opened is no fault: it may be a page for people only.
 * @param probed the answer at the probe path, which may be the page already, or lead there
 */
async function preload(
  sandbox: AskedSandbox,
  place: ProbePlace,
  probed: Reply,
  signal: AbortSignal,
): Promise<void> {
  if (!place.preloadPage || sandbox.address === undefined) return;
  const own = originOf(sandbox.address);
  const patience = AbortSignal.any([signal, AbortSignal.timeout(ONE_TRY_MS)]);
  let path = pathIn(sandbox.id, place.landingPath, place);
  try {
    let reply = place.landingPath === place.probePath ? probed : await ask(sandbox, path, patience);
    for (let hops = 0; hops < MAX_REDIRECTS && isRedirect(reply); hops += 1) {
      const next: URL = new URL(reply.location ?? '', `${own}${path}`);
      // Only ever to the sandbox itself: it must not send us elsewhere.
      if (next.origin !== own) return;
      path = `${next.pathname}${next.search}`;
      reply = await ask(sandbox, path, patience);
    }
  } catch {
    // The reader will see what is wrong with it.
  }
}

function isRedirect({ status, location }: Reply): boolean {
  return status >= 300 && status < 400 && location !== undefined;
}

function originOf({ host, port }: Address): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}

async function ask({ token, address }: AskedSandbox, path: string, signal: AbortSignal): Promise<Reply> {
  const headers = { authorization: `token ${token}`, accept: 'text/html,*/*' };
  const options = { host: address?.host, port: address?.port, path, headers, agent: connections, signal };
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    get(options, resolve).once('error', reject);
  });
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += chunk.length;
    if (bytes > MAX_PAGE_BYTES) break;
  }
  return { status: answer.statusCode ?? 0, location: answer.headers.location };
}

/** 401 and 403 come from a working server with its own access rules; 404 comes from a server that is not ours. */
function isAlive(status: number): boolean {
  return status < 400 || status === 401 || status === 403;
}
