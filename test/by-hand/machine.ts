// A machine on which the README's first command is typed, as root or as a user: see machine.sh.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { scratchDir } from '../lab/places.ts';
import { run, waitFor } from '../lab/run.ts';

const SCRIPT = fileURLToPath(new URL('machine.sh', import.meta.url));
const PROJECT = fileURLToPath(new URL('../..', import.meta.url));
const IDS = { root: 0, reader: 1000 } as const;
export type User = keyof typeof IDS;

export class Machine {
  readonly #child: ChildProcess;
  readonly #dir: string;
  #pid = 0;

  private constructor(child: ChildProcess, dir: string) {
    this.#child = child;
    this.#dir = dir;
  }

  /** @param lower the directory of its root file system, which stays as it is */
  static async start(lower: string): Promise<Machine> {
    const dir = mkdtempSync(join(scratchDir(), 'machine-'));
    const args = ['--pdeathsig', 'KILL', 'bash', SCRIPT, 'outside', lower, dir];
    const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'inherit'] });
    const machine = new Machine(child, dir);
    const first = `/proc/${child.pid}/task/${child.pid}/children`;
    await waitFor('the machine is up', 20_000, async () => {
      if (child.exitCode !== null) throw new Error('it did not come up');
      machine.#pid = Number((await run('cat', [first])).trim());
      return machine.#pid > 0 && (await machine.shell('[ ! -d /.machine ] && hostname')) === 'machine\n'
        ? true
        : undefined;
    });
    return machine;
  }

  /** The project as it is here, and npm's cache, in the user's home: no package has to be fetched. */
  async give(user: User, cache: string): Promise<void> {
    const id = IDS[user];
    const home = homeOf(user);
    const script = `grep -q '^${user}:' /etc/passwd || echo ${user}:x:${id}:${id}::${home}:/bin/sh >>/etc/passwd; mkdir -p ${home}/tmpfleet`;
    await this.shell(script);
    const target = this.outside(`${home}/tmpfleet`);
    await run('sh', [
      '-ec',
      `cd "$1" && git ls-files -z --cached --others --exclude-standard | tar --null --ignore-failed-read -cf - -T - | tar -xf - -C "${target}"; cp -a "$2" "${this.outside(home)}/.npm"`,
      'give',
      PROJECT,
      cache,
    ]);
    await this.shell(`chown -R ${id}:${id} ${home}`);
  }

  /** The command and its arguments with which `nsenter` runs a shell line on the machine. */
  command(line: string, user: User = 'root', env: Readonly<Record<string, string>> = {}): readonly string[] {
    const id = String(IDS[user]);
    const home = homeOf(user);
    const variables = {
      HOME: home,
      PATH: '/opt/node/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
      ...env,
    };
    return [
      ...[
        'nsenter',
        '--target',
        String(this.#pid),
        '--mount',
        '--uts',
        '--ipc',
        '--net',
        '--pid',
        '--root',
        '--wd=/',
      ],
      ...['setpriv', '--reuid', id, '--regid', id, '--clear-groups'],
      ...['env', '-i', ...Object.entries(variables).map(([name, value]) => `${name}=${value}`)],
      ...['sh', '-c', `cd / && ${line}`],
    ];
  }

  shell(line: string, timeout = 60_000): Promise<string> {
    const [program = '', ...args] = this.command(line);
    return run(program, args, { timeout });
  }

  /** The ids of processes by their command line. It may be a machine without `pgrep`. @param pattern of grep, which does not match itself */
  async pids(pattern: string): Promise<readonly string[]> {
    const script = `for each in /proc/[0-9]*; do tr '\\0' ' ' 2>/dev/null <"$each/cmdline" | grep -q '${pattern}' && echo "\${each#/proc/}"; done; true`;
    return (await this.shell(script)).split('\n').filter((pid) => pid !== '');
  }

  /** Pulls the plug. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('close', resolve));
    this.#child.kill('SIGKILL');
    await ended;
    await waitFor('its file systems are free', 20_000, () => {
      rmSync(this.#dir, { recursive: true, force: true });
      return true;
    });
  }

  /** A path of the machine, as this one sees it. */
  outside(path: string): string {
    return `/proc/${this.#pid}/root${path}`;
  }
}

export function homeOf(user: User): string {
  return user === 'root' ? '/root' : `/home/${user}`;
}
