// What the log of a demo's process says: progress while it starts, why a sandbox failed, and its last lines.
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';

const logLine = z.object({
  level: z.number(),
  msg: z.string(),
  image: z.string().optional(),
  progress: z.string().optional(),
  why: z.string().optional(),
});

/** As the node-agent logs it; its field `why` has the last words of the sandbox. */
const FAILED_START = 'a sandbox failed to start';

/** A start quicker than this needs no words. */
const FIRST_WORDS_MS = 2_000;
const LAST_LINES = 6;

export interface ChildLog {
  readonly name: string;
  /** Path of the log. */
  readonly log: string;
}

/** Says what a process logs while it is not serving yet (a pull may take minutes). Returns how to stop. */
export function repeatLog({ name, log }: ChildLog, say: (line: string) => void): () => void {
  let repeated = 0;
  const timer = setInterval(() => {
    const lines = readLines(log);
    for (const line of lines.slice(repeated)) {
      const { msg, image = '', progress = '' } = parseLogLine(line) ?? {};
      if (msg !== undefined)
        say(`  ${name}: ${[msg, image, progress].filter((part) => part !== '').join(' ')}`);
    }
    repeated = lines.length;
  }, FIRST_WORDS_MS);
  return () => clearInterval(timer);
}

/** Why the last failed start failed; undefined when the log has none. */
export function lastStartFailure({ log }: Pick<ChildLog, 'log'>): string | undefined {
  return readLines(log)
    .map(parseLogLine)
    .findLast((line) => line?.msg === FAILED_START)?.why;
}

/** Its last words, indented: what it said in plain words as it ended, or else the messages of its log. */
export function lastLines({ log }: Pick<ChildLog, 'log'>): string {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  const plain = lines.filter((line) => parseLogLine(line) === undefined);
  const shown = plain.length > 0 ? plain : lines.map((line) => parseLogLine(line)?.msg ?? line);
  return shown
    .slice(-LAST_LINES)
    .map((line) => `    ${line.replace(/^tmpfleet: /, '')}`)
    .join('\n');
}

function readLines(log: string): readonly string[] {
  return existsSync(log) ? readFileSync(log, 'utf8').split('\n').slice(0, -1) : [];
}

function parseLogLine(line: string): z.infer<typeof logLine> | undefined {
  try {
    return logLine.safeParse(JSON.parse(line)).data;
  } catch {
    // Not a log entry: `lastLines` shows it.
    return undefined;
  }
}
