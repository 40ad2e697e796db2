// Where Debian's packages come from for the images that the lab makes.
import { run } from '../run.ts';

/** Suites of Ubuntu, which the host of Debian's mirror may carry beside it. */
const UBUNTU: ReadonlySet<string> = new Set(['noble']);

export interface AptSources {
  readonly suite: string;
  /** With their components; no host names. */
  readonly suites: readonly string[];
  /** As in a sources.list. */
  readonly lines: readonly string[];
  /** The package in them that has their keys; undefined: this machine has them. */
  readonly keyring?: string;
}

/**
 * This machine's own Debian sources, in either file format.
 * @param wanted another suite of the same mirrors, which serve all of them, and the same kinds of updates to it
 * @param withUpdates false for a suite that has none yet
 */
export async function aptSources(wanted?: string, withUpdates = true): Promise<AptSources> {
  const variables = ['ORIGIN', 'REPO_URI', 'RELEASE', 'COMPONENT'].map((name) => `$(${name})`);
  const listing = await run('apt-get', [
    'indextargets',
    '--format',
    variables.join(' '),
    'Created-By: Packages',
  ]);
  const targets = [...new Set(listing.split('\n'))].filter((line) => line.startsWith('Debian '));
  const split = targets.map((line) => line.split(' '));
  const [first] = split;
  const own = first?.[2];
  if (own === undefined) throw new Error('apt has no Debian sources (apt-get update needed?)');
  const suite = wanted ?? own;
  if (UBUNTU.has(suite))
    return ubuntu(
      suite,
      split.map(([, uri = '']) => uri),
    );
  const chosen = split.filter(([, , release]) => withUpdates || release === own);
  const sources = chosen.map(([, uri, release = '', component]) => ({
    uri,
    what: `${release.replace(own, suite)} ${component}`,
  }));
  return {
    suite,
    suites: sources.map(({ what }) => what),
    lines: sources.map(({ uri, what }) => `deb ${uri} ${what}`),
  };
}

/** @param mirrors of Debian @throws Error where none of them is at a place beside which Ubuntu could be */
function ubuntu(suite: string, mirrors: readonly string[]): AptSources {
  const debian = mirrors.find((uri) => /\/debian\/?$/.test(uri));
  if (debian === undefined) throw new Error(`no mirror is known that may have Ubuntu's ${suite}`);
  const uri = debian.replace(/\/debian\/?$/, '/ubuntu');
  const suites = [suite, `${suite}-updates`].map((each) => `${each} main universe`);
  return { suite, suites, lines: suites.map((each) => `deb ${uri} ${each}`), keyring: 'ubuntu-keyring' };
}
