// The playbooks as text: a linter accepts them, everything that they and their documents name exists, and they cut many nodes into
// batches.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { ensurePackages, whyNoPackages } from '../lab/install.ts';
import { run } from '../lab/run.ts';
import { PLAYBOOKS } from './controller.ts';

const SETTINGS = join(PLAYBOOKS, 'roles', 'settings', 'defaults', 'main.yml');
/** Variables that a role computes from the archive's name; no one sets them by hand. */
const DERIVED = [
  'tmpfleet_version_dir',
  'tmpfleet_restarts',
  'tmpfleet_units',
  'tmpfleet_present',
  'tmpfleet_dirs',
  'tmpfleet_switch',
  'tmpfleet_earlier',
  'tmpfleet_image_fresh',
  'tmpfleet_batches',
];
const LINT_MS = 180_000;

function filesBelow(dir: string): readonly string[] {
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes('.ansible'))
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('the playbooks', () => {
  const known = new Set(Object.keys(parse(readFileSync(SETTINGS, 'utf8'))));
  const files = filesBelow(PLAYBOOKS);

  test('use exactly the variables that the settings explain', () => {
    const uses = files
      .filter((file) => file !== SETTINGS)
      .flatMap((file) => readFileSync(file, 'utf8').match(/\btmpfleet_[a-z_]+\b(?!:\s*$)/gm) ?? []);
    const used = new Set(uses.filter((name) => !DERIVED.includes(name)));
    expect([...used].filter((name) => !known.has(name))).toEqual([]);
    expect([...known].filter((name) => !used.has(name))).toEqual([]);
  });

  test('explain each setting in a comment above it', () => {
    const lines = readFileSync(SETTINGS, 'utf8').split('\n');
    const bare = lines.filter(
      (line, index) => /^tmpfleet_\w+:/.test(line) && !/^(#|tmpfleet_| {2})/.test(lines[index - 1] ?? ''),
    );
    expect(bare).toEqual([]);
  });
});

describe.skipIf(whyNoPackages() !== undefined)('ansible', () => {
  beforeAll(() => ensurePackages(['ansible', 'ansible-lint']), LINT_MS);
  const env = {
    ANSIBLE_NOCOLOR: '1',
    NO_COLOR: '1',
    LC_ALL: 'C.UTF-8',
    ANSIBLE_CONFIG: join(PLAYBOOKS, 'ansible.cfg'),
  };
  const inDir = (...command: readonly string[]): Promise<string> =>
    run('sh', ['-c', 'cd "$0" && exec "$@" 2>&1', PLAYBOOKS, ...command], { timeout: LINT_MS, env });

  test('lint finds nothing, with its strictest profile', { timeout: LINT_MS }, async () => {
    expect(await inDir('ansible-lint', '--offline', '--profile', 'production')).toMatch(/Passed.*production/);
  });

  test('knows every host of the example', async () => {
    const listed = await inDir(
      'ansible-playbook',
      '-i',
      'inventory.example/hosts.yml',
      'site.yml',
      '--list-hosts',
    );
    for (const name of ['try', 'node1', 'node2', 'watch']) expect(listed).toContain(`${name}.example.org`);
  });

  test('takes several nodes, or a group', async () => {
    const listed = await inDir(
      ...['ansible-playbook', '-i', 'inventory.example/hosts.yml', 'add-node.yml', '--list-hosts'],
      ...['-e', 'node=nodes'],
    );
    expect(listed).toMatch(/Add nodes to the fleet.*\n.*\n\s*hosts \(2\):/);
  });

  test('work on twenty hosts at one time', async () => {
    expect(await inDir('ansible-config', 'dump', '--only-changed')).toMatch(/^DEFAULT_FORKS\(.*\) = 20$/m);
  });

  // Seen: a `tmpfleet_serial` of the inventory changed nothing, because Ansible reads `serial` before it knows of hosts.
  test.each([
    ['site.yml', 'Provision the nodes', {}, [], 5],
    ['site.yml', 'Provision the nodes', { tmpfleet_serial: '100%' }, [], 1],
    ['site.yml', 'Provision the nodes', { tmpfleet_serial: '100%' }, ['-e', 'tmpfleet_serial=10'], 2],
    ['update-tmpfleet.yml', 'Update the nodes', { tmpfleet_serial: [2, 9] }, [], 3],
    ['update-image.yml', 'Use the image', { tmpfleet_serial: [2, 9] }, [], 3],
  ] as const)(
    '%s cuts twenty nodes into batches: “%s”, with %j in the inventory and %j',
    async (...given) => {
      const [name, play, variables, flags, batches] = given;
      const nodes = Array.from({ length: 20 }, (_, index) => [`node${index + 1}.example.org`, {}]);
      const children = { nodes: { hosts: Object.fromEntries(nodes) }, redirectors: { hosts: { front: {} } } };
      const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-batches-'));
      onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
      writeFileSync(join(dir, 'hosts.yml'), stringify({ all: { vars: variables, children } }));
      // No task has this tag: Ansible says which plays it would begin, and asks no host.
      const tags = ['--tags', 'none', '--skip-tags', 'always'];
      const said = await inDir('ansible-playbook', '-i', dir, name, ...tags, ...flags);
      expect(said.split(`PLAY [${play}]`)).toHaveLength(batches + 1);
    },
  );

  test('no tag stands alone in the documents, and none is missing there', async () => {
    const document = readFileSync(join(PLAYBOOKS, '..', 'docs', 'ansible.md'), 'utf8');
    const listed = await inDir(
      ...['ansible-playbook', '-i', 'inventory.example/hosts.yml', 'site.yml', '--list-tags'],
    );
    const tags = new Set(
      [...listed.matchAll(/TASK TAGS: \[(.*)\]/g)].flatMap(([, names = '']) => names.split(', ')),
    );
    const explained = [...document.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, name]) => name);
    expect(explained.toSorted()).toEqual(
      [...tags].filter((tag) => tag !== 'always' && tag !== '').toSorted(),
    );
  });

  test.each([
    ['add-node.yml', {}, /say which: ansible-playbook add-node\.yml -e node=NAME/],
    [
      'retire-node.yml',
      { node: 'nod1' },
      /nod1 is not in the inventory's group nodes, which has node1\.example\.org/,
    ],
    ['rotate.yml', {}, /say who comes and who goes/],
    ['add-node.yml', { node: 'node1.example.org,nod2' }, /nod2 is not in the inventory's group nodes/],
    ['add-node.yml', { node: 'redirectors' }, /try\.example\.org is not in the inventory's group nodes/],
  ])('%s given %j says what is wrong, and does nothing', async (name, extra, words) => {
    const failing = ['-i', 'inventory.example/hosts.yml', name, '-e', JSON.stringify(extra)];
    const said = await inDir('sh', '-c', '! "$@"', 'not', 'ansible-playbook', ...failing);
    expect(said).toMatch(words);
    expect(said).not.toContain('node1.example.org  ');
  });
});
