// Logs: JSON lines, or pretty ones on a terminal. They never contain a ticket, token, cookie or query string.
import { createRequire } from 'node:module';
import { type Logger, pino } from 'pino';

export type { Logger } from 'pino';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export interface LoggingOptions {
  /** Name of the program: `redirector`, `node-agent`. */
  readonly name: string;
  readonly level: LogLevel;
  /** Pretty or JSON; `auto` is pretty on a terminal. */
  readonly format: 'auto' | 'json' | 'pretty';
  /** Also gets each line, as JSON and without secrets, as it is written. */
  readonly recent?: { add(line: string): void };
}

/** Names of fields that hold secrets; they are removed at any depth. */
const SECRET_FIELDS = [
  'authorization',
  'cookie',
  'set-cookie',
  'token',
  'secret',
  'ticket',
  'password',
  'query',
];

const require = createRequire(import.meta.url);
/** Loaded only for a terminal: a service writes JSON. */
const pretty = (): typeof import('pino-pretty') => require('pino-pretty') as typeof import('pino-pretty');

export function createLogger(options: LoggingOptions): Logger {
  const settings = {
    name: options.name,
    level: options.level,
    base: { pid: process.pid },
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: {
      paths: SECRET_FIELDS.flatMap((field) => [`["${field}"]`, `*["${field}"]`]),
      censor: '(hidden)',
    },
  };
  const usePretty =
    options.format === 'pretty' || (options.format === 'auto' && process.stderr.isTTY === true);
  // Standard error, because standard output is for the output of commands.
  const stream = usePretty
    ? pretty()({
        destination: 2,
        sync: true,
        ignore: 'pid,hostname',
        translateTime: 'SYS:HH:MM:ss',
        colorize: process.stderr.isTTY === true,
      })
    : pino.destination({ dest: 2, sync: false });
  return pino(settings, options.recent === undefined ? stream : both(stream, options.recent));
}

interface LogStream {
  write(line: string): unknown;
  flushSync?(): void;
}

function both(stream: LogStream, recent: { add(line: string): void }): LogStream {
  return {
    write: (line) => {
      recent.add(line);
      stream.write(line);
    },
    // A fatal line is on its way before the program ends.
    flushSync: () => stream.flushSync?.(),
  };
}

/** A request target without its query, and with sandbox ids cut short: what may be logged of a URL. */
export function loggablePath(target: string): string {
  const query = target.indexOf('?');
  const path = query < 0 ? target : target.slice(0, query);
  return path.replace(/(\/user\/[^/]{8})[^/]*/g, '$1…').slice(0, 200);
}
