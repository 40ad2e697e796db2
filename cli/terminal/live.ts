// A picture that is looked up and drawn again and again, until it is left. While the server is silent, the last one stays.
import { setTimeout as delay } from 'node:timers/promises';
import { spellDuration } from '../../shared/config/units.ts';
import { CommandError, EXIT } from './exit.ts';
import { Screen } from './screen.ts';

export interface LiveOptions<T> {
  readonly look: () => Promise<T>;
  /** @param trouble why the picture is old, when it is */
  readonly draw: (
    seen: T,
    window: { readonly columns: number; readonly rows: number },
    trouble: string | undefined,
  ) => readonly string[];
  /** ms */
  readonly interval: number;
}

/** Never resolves: leaving ends the process. @throws what the first look throws, and what is no silence of the server */
export async function showLive<T>({ look, draw, interval }: LiveOptions<T>): Promise<never> {
  const screen = new Screen();
  // A server that is not there at the start is an error, not a picture.
  let seen = await look();
  let seenAt = Date.now();
  let trouble: string | undefined;
  const redraw = (): void => screen.draw(draw(seen, screen.size, trouble));
  // Leaving must not wait for an answer; the screen is given back as the process exits.
  screen.open(() => process.exit(EXIT.ok), redraw);
  for (;;) {
    redraw();
    await delay(interval);
    try {
      seen = await look();
      seenAt = Date.now();
      trouble = undefined;
    } catch (error) {
      if (!(error instanceof CommandError) || error.exit !== EXIT.unreachable) throw error;
      trouble = `as of ${spellDuration(Date.now() - seenAt)} ago: ${error.message}`;
    }
  }
}
