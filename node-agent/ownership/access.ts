// Whether a request may go on to the sandbox that it names. The address of a sandbox opens nothing: its key does, shown by
// cookie, in `Authorization`, or as `?token=`.
//
// All sandboxes of a node share an origin, so a document of one that is rendered in the browser of another's owner can do
// there what that owner can. So documents need the cookie: an address or a header, which anybody can hand to others,
// shows none, and what it opens cannot become a document of this origin (`inert`).
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { SchemeRequest } from '../../shared/http/cookies.ts';
import type { CorsConfig } from '../../shared/http/cors.ts';
import type { Sandbox } from '../sandboxes/table.ts';
import { equalKeys } from './key.ts';
import { showsHostKey, showsKeyCookie } from './owner-cookies.ts';

/** What of a request its sandbox gets. */
export type Admission = AdmittedRequest | 'stranger';

export interface AdmittedRequest {
  /** The request target for the sandbox, without the key. */
  readonly target: string;
  /** The answer must not become a document of this origin: the request did not come from the owner's browser. */
  readonly inert: boolean;
}

export interface AccessRules {
  readonly nodeId: string;
  readonly trustProxy: boolean;
  /** Who has the address has the sandbox, as in tmpnb. */
  readonly openUrls: boolean;
  /** Each sandbox has a host name, and so an origin, of its own. */
  readonly ownOrigin: boolean;
  /** Another origin whose pages may send this node's cookies; `*` and empty are none. */
  readonly credentialedOrigin: string;
}

export function accessRules(
  config: CorsConfig &
    Pick<AccessRules, 'nodeId' | 'trustProxy' | 'openUrls'> & { readonly sandboxDomain: string },
): AccessRules {
  const { nodeId, trustProxy, openUrls, allowOrigin, allowCredentials } = config;
  const ownOrigin = config.sandboxDomain !== '';
  const credentialedOrigin = allowCredentials && allowOrigin !== '*' ? allowOrigin : '';
  return { nodeId, trustProxy, openUrls, ownOrigin, credentialedOrigin };
}

/**
 * `owner`: the browser that claimed the sandbox. `key`: who was given the key; no document. `stranger`: anybody else, of
 * whom no byte may reach the sandbox.
 */
export type Access = 'owner' | 'key' | 'stranger';

type Owned = Pick<Sandbox, 'id' | 'key' | 'claimedBy'>;

/** @param target the request target for the sandbox, with its query */
export function admit(
  request: IncomingMessage,
  target: string,
  sandbox: Owned | undefined,
  rules: AccessRules,
): Admission {
  const access = sandbox === undefined ? 'stranger' : mayOpen(request, target, sandbox, rules);
  if (access === 'stranger') return access;
  return { target: withoutKey(target, sandbox?.key), inert: access === 'key' };
}

/** @param target as for `admit` */
export function mayOpen(
  request: Pick<IncomingMessage, 'method'> & SchemeRequest,
  target: string,
  sandbox: Owned,
  rules: AccessRules,
): Access {
  if (rules.openUrls) return 'owner';
  const { method = 'GET', headers } = request;
  const { key, claimedBy } = sandbox;
  if (key === undefined || claimedBy === undefined) return 'stranger';
  const isDocument = asksForDocument(headers);
  // In an origin of its own a program's sandbox may be handed over to a browser: its pages reach nothing else there.
  const mayUseCookie =
    (rules.ownOrigin || claimedBy !== 'program') && isFromHere(method, headers, isDocument, rules);
  const showsKey = rules.ownOrigin ? showsHostKey : showsKeyCookie;
  if (mayUseCookie && showsKey(request, sandbox, rules)) return 'owner';
  if (isDocument) return 'stranger';
  // Claimed under a version without keys: a program was never told one, and goes on without.
  if (claimedBy === 'unknown') return 'key';
  return showsToken(headers.authorization, key) || tokensIn(target).some((token) => equalKeys(key, token))
    ? 'key'
    : 'stranger';
}

/** What is rendered as a page or in a frame of one (https://fetch.spec.whatwg.org/#concept-request-destination). */
const DOCUMENTS: ReadonlySet<string> = new Set([
  'document',
  'iframe',
  'frame',
  'fencedframe',
  'embed',
  'object',
]);

/** Browsers send no fetch metadata over plain http; there, what accepts HTML counts as a document. */
function asksForDocument(headers: IncomingHttpHeaders): boolean {
  const destination = headers['sec-fetch-dest'];
  const mode = headers['sec-fetch-mode'];
  if (typeof destination !== 'string' && mode === undefined)
    return headers.accept?.includes('text/html') === true;
  return DOCUMENTS.has(String(destination)) || mode === 'navigate';
}

/**
 * Whether the cookie of a request counts. Pages of other origins can have a browser send it (`SameSite=None`), and the
 * sandbox itself does not check, because the proxy shows it a token. They may open a document, as a link or an article's
 * frame does, and nothing else.
 */
function isFromHere(
  method: string,
  headers: IncomingHttpHeaders,
  isDocument: boolean,
  { trustProxy, credentialedOrigin }: AccessRules,
): boolean {
  const { origin, host } = headers;
  if (credentialedOrigin !== '' && origin === credentialedOrigin) return true;
  const site = headers['sec-fetch-site'];
  const isNavigation = isDocument && (method === 'GET' || method === 'HEAD');
  if (site !== undefined) return site === 'same-origin' || site === 'none' || isNavigation;
  if (origin === undefined || isNavigation) return true;
  const forwarded = trustProxy ? headers['x-forwarded-host'] : undefined;
  const own = typeof forwarded === 'string' ? forwarded.split(',', 1)[0]?.trim() : host;
  return originHost(origin) === own?.toLowerCase();
}

/** Without the port that its scheme implies, as in `Host`. */
function originHost(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}

function showsToken(header: string | undefined, key: string): boolean {
  const [, shown] = /^(?:token|bearer)\s+(\S+)$/i.exec(header?.trim() ?? '') ?? [];
  return shown !== undefined && equalKeys(key, shown);
}

function tokensIn(target: string): readonly string[] {
  const mark = target.indexOf('?');
  if (mark < 0 || !target.includes('token=', mark)) return [];
  return target
    .slice(mark + 1)
    .split('&')
    .flatMap((part) => (part.startsWith('token=') ? [part.slice('token='.length)] : []));
}

/** The target without `?token=<key>`. Other tokens stay: they are the sandbox's own. */
export function withoutKey(target: string, key: string | undefined): string {
  if (key === undefined || !tokensIn(target).some((token) => equalKeys(key, token))) return target;
  const mark = target.indexOf('?');
  const kept = target
    .slice(mark + 1)
    .split('&')
    .filter((part) => !(part.startsWith('token=') && equalKeys(key, part.slice('token='.length))))
    .join('&');
  return `${target.slice(0, mark)}${kept === '' ? '' : `?${kept}`}`;
}
