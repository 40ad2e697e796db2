// The walls between rooms (docs/ARCHITECTURE.md), and the paths that the documents name.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Which top folders each top folder may import from. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  shared: ['shared'],
  redirector: ['redirector', 'shared'],
  'node-agent': ['node-agent', 'shared'],
  cli: ['cli', 'redirector', 'node-agent', 'shared'],
};

/**
 * The rooms of each top folder, lowest first: a room imports only from rooms before it. A room is a folder, or a file
 * that stands by itself (without its `.ts`).
 */
const ROOMS: Readonly<Record<string, readonly string[]>> = {
  shared: [
    ...[
      'version',
      'clock',
      'collections',
      'errors',
      'logging',
      'runtime',
      'data-dir',
      'loop',
      'schedule',
      'backoff',
      'metrics',
      'nearest',
      'operator-file',
      'arrivals-log',
      'yaml',
    ],
    ...[
      'config',
      'protocol',
      'api',
      'words',
      'brand',
      'tls',
      'tracing',
      'reader-times',
      'sockets',
      'http',
      'jupyter',
      'audit',
      'reload',
      'limits',
      'pages',
      'reader',
      'line',
      'checkup',
    ],
  ],
  'node-agent': [
    ...[
      'engine',
      'sizing',
      'config',
      'config-check',
      'state',
      'sandboxes',
      'ownership',
      'own-origin',
      'priming',
      'pool',
      'line',
      'claim',
      'static-cache',
    ],
    ...['home-files', 'proxy', 'lifecycle', 'freezing', 'companion'],
    ...['report', 'control', 'public', 'doctor', 'main'],
  ],
  redirector: [
    ...[
      'webhook-options',
      'config',
      'registry',
      'nodes',
      'polling',
      'placement',
      'canary',
      'line',
      'admission',
      'metrics',
      'embed',
      'public',
      'fleet-page',
      'webhook',
    ],
    ...['control', 'front', 'main'],
  ],
  cli: [
    ...[
      'terminal',
      'control',
      'server',
      'completion',
      'demo',
      'embed',
      'doctor',
      'load',
      'plan',
      'record',
      'registry',
      'reload',
      'sandbox',
      'pool',
      'node',
    ],
    ...['top', 'main'],
  ],
};

/** A folder with more files than this should be divided into rooms. */
const MAX_FILES_PER_FOLDER = 16;

function sourcesOf(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith('.ts'))
    .map((path) => join(folder, path));
}

/** The project's own files that a file imports, as paths from the top. */
function importsOf(path: string): readonly string[] {
  const text = readFileSync(join(root, path), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.[^']+)'/g)].map(([, target]) =>
    normalize(relative(root, join(root, dirname(path), target ?? ''))),
  );
}

/** `node-agent/pool/plan.ts` → `pool`; `node-agent/main.ts` → `main`. */
function roomOf(path: string): string {
  const [, second = ''] = path.split('/');
  return basename(second, '.ts');
}

describe('the walls', () => {
  for (const [folder, may] of Object.entries(ALLOWED)) {
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

  for (const [folder, rooms] of Object.entries(ROOMS)) {
    test(`every room of ${folder}/ is in the table, and every room in the table exists`, () => {
      expect([...new Set(sourcesOf(folder).map(roomOf))].sort()).toEqual([...rooms].sort());
    });

    test(`between the rooms of ${folder}/ every import runs one way`, () => {
      const back = sourcesOf(folder).flatMap((file) =>
        importsOf(file)
          .filter((target) => target.startsWith(`${folder}/`))
          .filter((target) => rooms.indexOf(roomOf(target)) > rooms.indexOf(roomOf(file)))
          .map((target) => `${roomOf(file)} → ${roomOf(target)}: ${file} imports ${target}`),
      );
      expect(back).toEqual([]);
    });
  }

  test(`no folder is wider than ${MAX_FILES_PER_FOLDER} files`, () => {
    const counts = new Map<string, number>();
    for (const file of Object.keys(ALLOWED).flatMap(sourcesOf))
      counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1);
    expect([...counts].filter(([, count]) => count > MAX_FILES_PER_FOLDER)).toEqual([]);
  });

  test('every file begins with a comment that says what it does', () => {
    const silent = Object.keys(ALLOWED)
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
