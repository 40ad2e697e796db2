// The place in a sandbox that a reader asked for: path and raw query, kept through every hop.
import { splitRequestTarget } from '../../shared/http/request-target.ts';
import { notebookOf } from '../../shared/jupyter/notebook-path.ts';

export interface Target {
  /** Below the sandbox's base path, without a leading slash, byte for byte as requested. */
  readonly path: string;
  /** Without `?`. */
  readonly query: string;
}

export interface TargetRules {
  readonly claimPaths: readonly string[];
  readonly landingPath: string;
}

/** The target, when `path` is one that gives a reader a sandbox; otherwise undefined. */
export function findTarget(path: string, query: string, rules: TargetRules): Target | undefined {
  if (path === '/') return { path: rules.landingPath.replace(/^\/+/, ''), query };
  const rest = path.slice(1);
  const first = rest.split('/', 1)[0] ?? '';
  if (!rules.claimPaths.includes(first)) return undefined;
  if (first !== 'spawn') return { path: rest, query };
  // tmpnb's /spawn/user/<gone>/x opens x in a new sandbox; /spawn/x opens x.
  const wanted = rest
    .slice('spawn'.length)
    .replace(/^\/+/, '')
    .replace(/^user\/[^/]*\/?/, '');
  return { path: wanted === '' ? rules.landingPath.replace(/^\/+/, '') : wanted, query };
}

/** The notebook that a request for a page asks for; undefined where it asks for something else. */
export function notebookAsked(url = '/', rules: TargetRules): string | undefined {
  const target = findTarget(splitRequestTarget(url).path, '', rules);
  return target === undefined ? undefined : notebookOf(target.path);
}

/** The address in a sandbox. */
export function locate(id: string, target: Target): string {
  return `/user/${id}/${target.path}${target.query === '' ? '' : `?${target.query}`}`;
}
