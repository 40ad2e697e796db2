// Runs one of our servers as a process: configuration, logging, signals, exit code.
import type { Command } from 'commander';
import { RecentLines } from '../../shared/collections/recent-lines.ts';
import type { ConfigOf, Options } from '../../shared/config/option.ts';
import { describeError } from '../../shared/errors.ts';
import { createLogger, type Logger, type LogLevel } from '../../shared/logging.ts';
import { logReloaded, Reloader } from '../../shared/reload/reloader.ts';
import type { ConfigReloader } from '../../shared/runtime.ts';
import { EXIT, reportFailure } from '../terminal/exit.ts';
import { addOptions, readOptions } from './options.ts';

export interface Running {
  readonly url: string;
  readonly controlUrl: string;
  close(): Promise<void>;
}

export interface ServerCommand<O extends Options> {
  readonly name: string;
  readonly options: O;
  /** Checks what no single option can: throws before the server starts, and with `--print-config` too. */
  readonly check: (config: ConfigOf<O>) => void;
  /** `signal` aborts when the server is to stop while it is still starting. */
  readonly start: (
    config: ConfigOf<O>,
    given: {
      readonly logger: Logger;
      readonly recentLog: RecentLines;
      readonly signal: AbortSignal;
      readonly reloader: Reloader<O>;
    },
  ) => Promise<Running>;
}

interface LogSettings {
  readonly logLevel: LogLevel;
  readonly logFormat: 'auto' | 'json' | 'pretty';
}

/** Turns a commander command into one that runs the server until a signal stops it. */
export function addServerCommand<O extends Options>(
  command: Command,
  server: ServerCommand<O>,
  logSettings: (config: ConfigOf<O>) => LogSettings,
): void {
  addOptions(command, server.options).action(async () => {
    try {
      const { config, printed, warnings } = readOptions(server.options, command, process.env);
      server.check(config);
      if (printed !== undefined) {
        for (const warning of warnings) process.stderr.write(`tmpfleet: ${warning}\n`);
        process.stdout.write(printed);
        return;
      }
      const { logLevel, logFormat } = logSettings(config);
      const recentLog = new RecentLines();
      const logger = createLogger({
        ...{ name: server.name, level: logLevel, format: logFormat, recent: recentLog },
      });
      for (const warning of warnings) logger.warn(warning);
      const readAgain = (): ConfigOf<O> => readOptions(server.options, command, process.env).config;
      const reloader = new Reloader(server.options, config, readAgain, server.check);
      reloadOnSignal(reloader, logger);
      process.exitCode = await runUntilStopped(
        (signal) => server.start(config, { logger, recentLog, signal, reloader }),
        logger,
      );
    } catch (error) {
      process.exitCode = reportFailure(error);
    }
    // Whatever still holds the event loop (a kept-alive connection, say) must not hold the process.
    process.exit();
  });
}

async function runUntilStopped(
  start: (signal: AbortSignal) => Promise<Running>,
  logger: Logger,
): Promise<number> {
  const stop = stopRequest(logger);
  const cancelled = new AbortController();
  const running = start(cancelled.signal);
  const early = await Promise.race([running.then(() => undefined), stop]);
  if (early !== undefined) {
    cancelled.abort();
    // Started half-way is the state that leaks: let the start settle, then close what came of it.
    await running.then(
      (server) => server.close(),
      () => undefined,
    );
    return EXIT.interrupted;
  }
  const server = await running;
  // A parent that started us over IPC (the demo) learns the ports this way.
  process.send?.({ ready: { url: server.url, controlUrl: server.controlUrl } });
  const why = await stop;
  logger.info({ why }, 'stopping');
  await server.close();
  logger.info('stopped');
  return EXIT.ok;
}

/** As `POST /api/reload` does. Without a handler the signal would end the process. */
function reloadOnSignal(reloader: ConfigReloader, logger: Logger): void {
  process.on('SIGHUP', () => {
    try {
      logReloaded(reloader.run(), logger);
    } catch (error) {
      logger.error(
        { error: describeError(error) },
        'SIGHUP: the configuration is wrong, and nothing has changed',
      );
    }
  });
}

/** Resolves with why: the first SIGINT or SIGTERM, or the loss of a parent that holds an IPC channel. */
function stopRequest(logger: Logger): Promise<string> {
  return new Promise((resolve) => {
    let asked = false;
    const onSignal = (signal: string): void => {
      if (asked) {
        logger.warn(`second ${signal}: leaving at once`);
        process.exit(EXIT.failed);
      }
      asked = true;
      resolve(signal);
    };
    process.on('SIGINT', onSignal);
    process.on('SIGTERM', onSignal);
    process.on('disconnect', () => resolve('the process that started us is gone'));
    process.on('uncaughtException', (error) => {
      logger.fatal({ error: describeError(error), stack: error.stack }, 'a fault in the program');
      process.exit(EXIT.failed);
    });
  });
}
