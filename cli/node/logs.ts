// `tmpfleet node logs`: the last lines of a node-agent's own log, from the front or from the node itself.
import { setTimeout as delay } from 'node:timers/promises';
import { type LogLinesJson, logLinesSchema } from '../../shared/protocol/log-wish.ts';
import type { Given } from '../control/verb.ts';
import { CommandError, EXIT } from '../terminal/exit.ts';
import { SIGNS } from '../terminal/signs.ts';
import { printable } from '../terminal/text.ts';
import { forNode } from './ask.ts';

/** Between two looks. ms */
const LOOK_MS = 1_000;

/** At the node whose control listener is named, or for a node of a front. */
export async function printNodeLog(given: Given): Promise<void> {
  const { client, args, flags, print } = given;
  const [id] = args;
  if (given.who === 'front' && id === undefined) {
    throw new CommandError(EXIT.usage, 'bad-config', 'the front has to know which node is meant', {
      remedy: 'name it: tmpfleet node logs NODE; tmpfleet node ls lists them',
    });
  }
  const look = (lines: number, after: number): Promise<LogLinesJson> => {
    const query = `?lines=${lines}&after=${after}`;
    const at = (path: string): Promise<LogLinesJson> =>
      client.send({ path: `${path}/log${query}`, schema: logLinesSchema });
    return id === undefined ? at('/api') : forNode(client, id, at);
  };
  const first = await look(Number(flags.lines), 0);
  if (flags.follow !== true) {
    print(first, () => first.lines.map(lineFor).join('\n'));
    return;
  }
  const show = ({ lines }: LogLinesJson): void => {
    for (const line of lines) process.stdout.write(`${flags.json === true ? line : lineFor(line)}\n`);
  };
  show(first);
  let { last, boot } = first;
  for (;;) {
    await delay(LOOK_MS);
    const seen = await lookAgain(() => look(MOST_AT_ONCE, last));
    if (seen === undefined) continue;
    // Another run counts from 1: what it wrote so far is new.
    const news = seen.boot === boot ? seen : await look(MOST_AT_ONCE, 0);
    if (news.missed > 0 && seen.boot === boot)
      process.stdout.write(`${SIGNS.more} ${news.missed} lines were missed\n`);
    show(news);
    ({ last, boot } = news);
  }
}

const MOST_AT_ONCE = 1_000;

/** Undefined while the node restarts. */
async function lookAgain(look: () => Promise<LogLinesJson>): Promise<LogLinesJson | undefined> {
  try {
    return await look();
  } catch (error) {
    const isAway =
      error instanceof CommandError && (error.exit === EXIT.unreachable || error.code === 'node-unreachable');
    if (isAway) return undefined;
    throw error;
  }
}

const LEVELS: Readonly<Record<number, string>> = {
  ...{ 10: 'TRACE', 20: 'DEBUG', 30: 'INFO', 40: 'WARN', 50: 'ERROR', 60: 'FATAL' },
};
/** What each line has, and no one needs to see again. */
const KNOWN: ReadonlySet<string> = new Set(['level', 'time', 'pid', 'name', 'msg', 'hostname']);

/** `2026-11-29T08:00:00.000Z INFO sandbox claimed {"sandbox":"…"}`; a line that is not JSON as it is. */
function lineFor(line: string): string {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return printable(line);
  }
  if (typeof value !== 'object' || value === null) return printable(line);
  const entries = Object.entries(value);
  const field = (name: string): unknown => entries.find(([key]) => key === name)?.[1];
  const rest = Object.fromEntries(entries.filter(([key]) => !KNOWN.has(key)));
  const level = LEVELS[Number(field('level'))] ?? '';
  const more = Object.keys(rest).length === 0 ? '' : ` ${JSON.stringify(rest)}`;
  return printable(`${field('time') ?? ''} ${level.padEnd(5)} ${field('msg') ?? ''}${more}`);
}
