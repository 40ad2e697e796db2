// The path at which a reader arrives in a sandbox, kept byte for byte.
import { describe, expect, test } from 'vitest';
import { findTarget, locate } from '../../../node-agent/claim/target.ts';
import { splitRequestTarget } from '../../../shared/http/request-target.ts';

const rules = { claimPaths: ['notebooks', 'tree', 'files', 'lab', 'doc', 'spawn'], landingPath: '' };

function located(url: string, landingPath = ''): string | undefined {
  const { path, query } = splitRequestTarget(url);
  const target = findTarget(path, query, { ...rules, landingPath });
  return target === undefined ? undefined : locate('ID', target);
}

describe('a click on', () => {
  test.each([
    ['/', '/user/ID/'],
    ['/?x=1', '/user/ID/?x=1'],
    ['/notebooks/a%20b.ipynb?x=1&y=%zz', '/user/ID/notebooks/a%20b.ipynb?x=1&y=%zz'],
    ['/tree', '/user/ID/tree'],
    ['/lab/tree/a/b', '/user/ID/lab/tree/a/b'],
    ['//notebooks/x', '/user/ID/notebooks/x'],
    ['/spawn', '/user/ID/'],
    ['/spawn/', '/user/ID/'],
    ['/spawn/notebooks/x', '/user/ID/notebooks/x'],
    ['/spawn/user/gone/notebooks/x?y', '/user/ID/notebooks/x?y'],
    ['/spawn/user/gone', '/user/ID/'],
    ['/files/?a?b', '/user/ID/files/?a?b'],
  ])('%s leads to %s', (url, location) => expect(located(url)).toBe(location));

  test.each(['/favicon.ico', '/stats', '/treehouse', '/api/spawn', '/..'])('%s gives no sandbox', (url) => {
    expect(located(url)).toBeUndefined();
  });

  test('/ leads to the landing path if one is set', () => {
    expect(located('/', 'tree')).toBe('/user/ID/tree');
    expect(located('/spawn', '/lab')).toBe('/user/ID/lab');
  });
});
