// One process of the demo: started, watched, started again when it dies, and stopped for good.
import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { z } from 'zod';
import { FleetError } from '../../shared/errors.ts';
import { lastLines, lastStartFailure, repeatLog } from './child-log.ts';

export interface ChildSpec {
  readonly name: string;
  readonly script: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Path of its log. */
  readonly log: string;
}

export interface Addresses {
  readonly url: string;
  readonly controlUrl: string;
}

export interface Child {
  readonly name: string;
  /** Resolves when it serves for the first time; rejects when it never does. */
  readonly ready: Promise<void>;
  /** Rejects when it is given up; never resolves. */
  readonly failed: Promise<never>;
  addresses(): Addresses;
  pid(): number;
  /** Why the last sandbox failed to start; undefined when none did. */
  startFailure(): string | undefined;
  /** Stops it and starts it again, on the same ports, with further arguments. */
  restartWith(args: readonly string[]): void;
  /** SIGTERM, then, if it takes too long, SIGKILL. False when it came to that: then it may have left something. */
  stop(): Promise<boolean>;
}

const readyMessage = z.object({ ready: z.object({ url: z.string(), controlUrl: z.string() }) });

/** A process that ended this often in a row, without serving in between, is given up. */
const MAX_DEATHS = 3;
const RESTART_MS = 300;
const STOP_MS = 30_000;

export function keepRunning(spec: ChildSpec, say: (line: string) => void): Child {
  const first = deferred<void>();
  const given = deferred<never>();
  // There may be no listener yet when it is given up; a later one still gets the rejection.
  given.promise.catch(() => undefined);
  first.promise.catch(() => undefined);
  let addresses: Addresses | undefined;
  let current: ChildProcess | undefined;
  let deaths = 0;
  let stopping = false;
  let restarting = false;
  let args = spec.args;

  const start = (): void => {
    const child = launch({ ...spec, args }, addresses);
    current = child;
    child.on('message', (message) => {
      const parsed = readyMessage.safeParse(message);
      if (!parsed.success) return;
      addresses = parsed.data.ready;
      deaths = 0;
      first.resolve();
    });
    child.once('exit', (code, signal) => {
      current = undefined;
      if (stopping) return;
      if (restarting) {
        restarting = false;
        start();
        return;
      }
      deaths += 1;
      const how = signal ?? `exit code ${code}`;
      if (addresses === undefined || deaths >= MAX_DEATHS) {
        const error = new FleetError(
          'unavailable',
          `${spec.name} does not start (${how}):\n${lastLines(spec)}`,
        );
        first.reject(error);
        given.reject(error);
        return;
      }
      say(`  ${spec.name} is gone (${how}); starting it again`);
      setTimeout(() => {
        if (!stopping) start();
      }, RESTART_MS);
    });
  };
  start();
  const stopRepeating = repeatLog(spec, say);
  void first.promise.then(stopRepeating, stopRepeating);

  return {
    name: spec.name,
    ready: first.promise,
    failed: given.promise,
    addresses: () => {
      if (addresses === undefined) throw new TypeError(`${spec.name} is not up`);
      return addresses;
    },
    pid: () => current?.pid ?? 0,
    startFailure: () => lastStartFailure(spec),
    restartWith: (more) => {
      args = [...args, ...more];
      // One that is dead already is about to be started again.
      restarting = current?.kill('SIGTERM') ?? false;
    },
    stop: async () => {
      stopping = true;
      const child = current;
      if (child === undefined) return true;
      const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      child.kill('SIGTERM');
      let forced = false;
      const timer = setTimeout(() => {
        forced = true;
        child.kill('SIGKILL');
      }, STOP_MS);
      await exited;
      clearTimeout(timer);
      return !forced;
    },
  };
}

/** A process group of its own: a Ctrl-C in the terminal is for the demo, which then stops its children in order. */
function launch(spec: ChildSpec, before: Addresses | undefined): ChildProcess {
  const log = openSync(spec.log, 'a');
  const child = spawn(process.execPath, [spec.script, ...fixedPorts(spec.args, before)], {
    env: { ...withoutOurs(process.env), ...spec.env },
    stdio: ['ignore', log, log, 'ipc'],
    detached: true,
  });
  closeSync(log);
  return child;
}

/** Started again, it takes the ports it had: readers and the front know it by them. */
function fixedPorts(args: readonly string[], before: Addresses | undefined): readonly string[] {
  if (before === undefined) return args;
  const ports = { '--port': new URL(before.url).port, '--control-port': new URL(before.controlUrl).port };
  return args.map((arg, index) => {
    const flag = args[index - 1];
    return flag === '--port' || flag === '--control-port' ? ports[flag] : arg;
  });
}

function withoutOurs(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('TMPFLEET_')));
}

function deferred<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (error: Error) => void;
} {
  let resolve: (value: T) => void = () => undefined;
  let reject: (error: Error) => void = () => undefined;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
