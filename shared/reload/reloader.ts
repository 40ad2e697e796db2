// Takes over a changed configuration while the program runs: the values of options that are `live` are replaced where they are, so
// that all who read them see the new ones. Others are named, and wait for a restart.

import type { ConfigOf, Option, Options } from '../config/option.ts';
import { kebab } from '../config/option-names.ts';
import type { Logger } from '../logging.ts';
import type { ConfigReloader, Reloaded } from '../runtime.ts';

export function logReloaded({ applied, needRestart }: Reloaded, logger: Logger): void {
  logger.info({ applied, needRestart }, 'the configuration was read again');
  if (needRestart.length > 0)
    logger.warn({ options: needRestart }, 'these options have changed, and apply after a restart');
}

export class Reloader<O extends Options> implements ConfigReloader {
  readonly #options: O;
  readonly #running: ConfigOf<O>;
  readonly #read: () => ConfigOf<O>;
  readonly #check: (config: ConfigOf<O>) => void;
  readonly #listeners: (() => void)[] = [];
  readonly #excepted = new Set<string>();

  /**
   * @param running what the program reads; its live values are replaced
   * @param read the configuration as it is now. @throws FleetError `bad-config`
   * @param check what no single option can say. @throws FleetError `bad-config`
   */
  constructor(
    options: O,
    running: ConfigOf<O>,
    read: () => ConfigOf<O>,
    check: (config: ConfigOf<O>) => void,
  ) {
    this.#options = options;
    this.#running = running;
    this.#read = read;
    this.#check = check;
  }

  watch(listener: () => void): void {
    this.#listeners.push(listener);
  }

  except(names: readonly (keyof O & string)[]): void {
    for (const name of names) this.#excepted.add(name);
  }

  readonly run = (): Reloaded => {
    const next = this.#read();
    this.#check(next);
    const changed = Object.entries(this.#options).filter(
      ([name, spec]) => shown(spec, next[name]) !== shown(spec, this.#running[name]),
    );
    const liveNames = new Set(changed.filter((each) => this.#isLive(each, next)).map(([name]) => name));
    const live = Object.fromEntries([...liveNames].map((name) => [name, next[name]]));
    // A value may need another that waits for a restart, such as a secret.
    this.#check({ ...this.#running, ...live });
    Object.assign(this.#running, live);
    const names = (isLive: boolean): readonly string[] =>
      changed.filter(([name]) => liveNames.has(name) === isLive).map(([name]) => kebab(name));
    const reloaded = { applied: names(true), needRestart: names(false) };
    for (const listener of this.#listeners) listener();
    return reloaded;
  };

  #isLive([name, { live }]: readonly [string, Option<unknown>], next: ConfigOf<O>): boolean {
    if (this.#excepted.has(name)) return false;
    return live === 'once set' ? this.#running[name] !== '' && next[name] !== '' : live === true;
  }
}

function shown(spec: Option<unknown>, value: unknown): string {
  return JSON.stringify(spec.kind.format(value));
}
