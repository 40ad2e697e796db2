// Waits for an operation: polls it and prints its progress, as one live line on a terminal, else a line for each change.
import { setTimeout as delay } from 'node:timers/promises';
import { spellDuration } from '../../shared/config/units.ts';
import { CommandError, EXIT } from './exit.ts';
import { clip } from './text.ts';

export interface Progress {
  /** How it stands. */
  readonly text: string;
  /** What changes by itself as time goes by: shown on a terminal only. */
  readonly countdown?: string;
  readonly done?: boolean;
  /** Why it will never be done. */
  readonly otherwise?: string;
}

export interface WaitOptions<T> {
  readonly look: () => Promise<T>;
  readonly judge: (seen: T) => Progress;
  /** ms; undefined for ever */
  readonly timeout: number | undefined;
}

const LOOK_MS = 500;
/** The server may restart meanwhile, so it may be silent for this long. ms */
const SILENCE_MS = 30_000;

/** @returns the last look @throws CommandError `otherwise`, or `unreachable` when the server was silent too long */
export async function waitFor<T>({ look, judge, timeout }: WaitOptions<T>): Promise<T> {
  const line = new LiveLine();
  const began = performance.now();
  let heard = began;
  try {
    for (;;) {
      const seen = await look().catch((error: unknown) => {
        const isAway = error instanceof CommandError && error.exit === EXIT.unreachable;
        if (!isAway || performance.now() - heard > SILENCE_MS) throw error;
        line.show(error.message);
        return undefined;
      });
      if (seen !== undefined) {
        heard = performance.now();
        const progress = judge(seen);
        line.show(progress.text, progress.countdown);
        if (progress.done === true) return seen;
        if (progress.otherwise !== undefined)
          throw new CommandError(EXIT.otherwise, 'conflict', progress.otherwise);
      }
      const left = timeout === undefined ? LOOK_MS : timeout - (performance.now() - began);
      if (left <= 0) {
        const why = `not done within ${spellDuration(timeout ?? 0)} (--timeout); what was begun goes on`;
        throw new CommandError(EXIT.otherwise, 'unavailable', why);
      }
      await delay(Math.min(LOOK_MS, left));
    }
  } finally {
    line.end();
  }
}

class LiveLine {
  readonly #terminal = process.stderr.isTTY === true;
  #text = '';

  show(text: string, countdown?: string): void {
    if (this.#terminal) {
      const whole = countdown === undefined ? text : `${text}, ${countdown}`;
      process.stderr.write(`\r\x1b[K${clip(whole, (process.stderr.columns ?? 80) - 1)}`);
    } else if (text !== this.#text) process.stderr.write(`${text}\n`);
    this.#text = text;
  }

  end(): void {
    if (this.#terminal && this.#text !== '') process.stderr.write('\n');
  }
}
