// The machine from which a fleet is provisioned: an inventory of the lab's hosts, and ansible-playbook as users run it.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import type { DebianLab } from '../lab/debian/host.ts';
import { ensurePackages } from '../lab/install.ts';
import { lastLines, run } from '../lab/run.ts';

export const PLAYBOOKS = fileURLToPath(new URL('../../ansible/', import.meta.url));
/** The longest time of a play, on two cores that other suites use too. */
export const PLAY_MS = 560_000;
/** Of a test with a play: one that takes too long is ended first, and says in which task it was. */
export const TEST_MS = PLAY_MS + 60_000;

/** The changes of one run on a host. */
export interface Recap {
  readonly ok: number;
  readonly changed: number;
  readonly unreachable: number;
  readonly failed: number;
}

export interface InventoryOptions {
  readonly lab: DebianLab;
  /** Host names by group. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
  readonly variables: Readonly<Record<string, unknown>>;
}

export class Controller {
  readonly dir = mkdtempSync(join(tmpdir(), 'tmpfleet-controller-'));
  readonly #lab: DebianLab;
  readonly #groups: Map<string, readonly string[]>;
  #plays = 0;

  constructor({ lab, groups, variables }: InventoryOptions) {
    this.#lab = lab;
    this.#groups = new Map(Object.entries(groups));
    mkdirSync(join(this.dir, 'group_vars'));
    this.#writeHosts();
    writeFileSync(join(this.dir, 'group_vars', 'all.yml'), stringify({ ansible_user: 'root', ...variables }));
  }

  /** Adds another host to a group of the inventory, as an operator does before it joins the fleet. */
  join(group: string, host: string): void {
    this.#groups.set(group, [...(this.#groups.get(group) ?? []), host]);
    this.#writeHosts();
  }

  #writeHosts(): void {
    const { hosts: lab } = this.#lab;
    const hosts = Object.fromEntries(
      [...lab].map(([name, { address }]) => [name, { ansible_host: address }]),
    );
    const children = Object.fromEntries(
      [...this.#groups].map(([group, names]) => [
        group,
        { hosts: Object.fromEntries(names.map((name) => [name, {}])) },
      ]),
    );
    writeFileSync(join(this.dir, 'hosts.yml'), stringify({ all: { hosts, children } }));
  }

  /**
   * `ansible-playbook NAME -e … FLAGS`
   * @returns counts of changes by host @throws Error with the last output when a task failed
   */
  async play(
    name: string,
    extra: Readonly<Record<string, unknown>> = {},
    flags: readonly string[] = [],
  ): Promise<ReadonlyMap<string, Recap>> {
    await ensurePackages(['ansible', 'openssh-client']);
    const output = await this.#run(['ansible-playbook', name, '-e', JSON.stringify(extra), ...flags]);
    const lines = output.matchAll(/^(\S+) +: ok=(\d+) +changed=(\d+) +unreachable=(\d+) +failed=(\d+)/gm);
    return new Map(
      [...lines].map(([, host = '', ...counts]) => {
        const [ok = 0, changed = 0, unreachable = 0, failed = 0] = counts.map(Number);
        return [host, { ok, changed, unreachable, failed }];
      }),
    );
  }

  async #run(command: readonly string[]): Promise<string> {
    // Into a file, so that the current task is known even when the play has to be ended.
    this.#plays += 1;
    const log = join(this.dir, `play-${this.#plays}.log`);
    const script = 'cd "$0" && log=$1 && shift && exec "$@" >"$log" 2>&1';
    const env = {
      ANSIBLE_CONFIG: join(PLAYBOOKS, 'ansible.cfg'),
      ANSIBLE_INVENTORY: join(this.dir, 'hosts.yml'),
      ANSIBLE_PRIVATE_KEY_FILE: this.#lab.privateKey,
      // Ansible would otherwise keep these in the home directory of the user who runs the tests.
      ANSIBLE_LOCAL_TEMP: join(this.dir, 'tmp'),
      ANSIBLE_SSH_CONTROL_PATH_DIR: join(this.dir, 'ssh'),
      ANSIBLE_SSH_EXTRA_ARGS: `-o StrictHostKeyChecking=accept-new -o UserKnownHostsFile=${join(this.dir, 'known')}`,
      ANSIBLE_NOCOLOR: '1',
      LC_ALL: 'C.UTF-8',
    };
    const [, name = ''] = command;
    await run('bash', ['-c', script, PLAYBOOKS, log, ...command], { timeout: PLAY_MS, env }).catch(() => {
      throw new Error(`${name} failed:\n${lastLines(readFileSync(log, 'utf8'), 40)}`);
    });
    return readFileSync(log, 'utf8');
  }

  forget(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
