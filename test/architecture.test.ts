// The walls of DESIGN §4 and the paths that the documents name, held by a test.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));
}

/** Folders of ours (`shared`, `cli` …) that a file imports from. */
function importsOf(path: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, target]) =>
    normalize(relative(root, join(root, dirname(path), target ?? ''))),
  );
}

const allowed: Readonly<Record<string, readonly string[]>> = {
  shared: ['shared'],
  redirector: ['redirector', 'shared'],
  'node-agent': ['node-agent', 'shared'],
  cli: ['cli', 'redirector', 'node-agent', 'shared'],
};

describe('the walls', () => {
  for (const [folder, may] of Object.entries(allowed)) {
    test(`${folder}/ imports only from ${may.join(', ')}`, () => {
      const files = sourcesOf(folder);
      expect(files.length).toBeGreaterThan(0);
      const wrong = files.flatMap((file) =>
        importsOf(file)
          .filter((target) => !may.includes(target.split('/')[0] ?? ''))
          .map((target) => `${file} → ${target}`),
      );
      expect(wrong).toEqual([]);
    });
  }

  test('every file begins by telling its intent', () => {
    const silent = Object.keys(allowed)
      .flatMap(sourcesOf)
      .filter((file) => !/^(#!.*\n)?\/\/ \S/.test(readFileSync(join(root, file), 'utf8')));
    expect(silent).toEqual([]);
  });
});

describe('the documents', () => {
  for (const document of ['README.md', 'CONTRIBUTING.md', 'docs/ARCHITECTURE.md']) {
    test(`${document} names only paths that exist`, () => {
      const text = readFileSync(join(root, document), 'utf8');
      const paths = [
        ...text.matchAll(
          /`((?:cli|redirector|node-agent|shared|test|bench|docs|scripts|ansible|monitoring)\/[\w./-]*)`/g,
        ),
      ];
      const missing = paths.map(([, path]) => path ?? '').filter((path) => !existsSync(join(root, path)));
      expect(missing).toEqual([]);
    });
  }

  test('every dependency has its reason in ARCHITECTURE.md', () => {
    const text = readFileSync(join(root, 'docs/ARCHITECTURE.md'), 'utf8');
    const manifest: unknown = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const names = Object.keys({ ...field(manifest, 'dependencies'), ...field(manifest, 'devDependencies') });
    expect(names.length).toBeGreaterThan(10);
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});

function field(value: unknown, name: string): object {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
  return typeof found === 'object' && found !== null ? found : {};
}
