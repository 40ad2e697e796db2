// Where Debian's packages come from for the images that the lab makes.
import { run } from '../run.ts';

export interface AptSources {
  readonly suite: string;
  /** With their components; no host names. */
  readonly suites: readonly string[];
  /** As in a sources.list. */
  readonly lines: readonly string[];
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
