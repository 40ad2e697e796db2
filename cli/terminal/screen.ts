// A terminal taken over for a while: another page, no cursor, keys as they are typed; and given back whatever happens.

const TAKE = '\x1b[?1049h\x1b[?25l';
const GIVE_BACK = '\x1b[?25h\x1b[?1049l';
/** q, Q, Ctrl-C, Ctrl-D */
const LEAVE = ['q', 'Q', '\x03', '\x04'];

export class Screen {
  readonly #input = process.stdin;
  readonly #output = process.stdout;
  readonly #restore = (): void => this.close();
  #open = false;

  get size(): { readonly columns: number; readonly rows: number } {
    return { columns: this.#output.columns ?? 80, rows: this.#output.rows ?? 24 };
  }

  /** @param onLeave a key or a signal that says so @param onResize the window has another size */
  open(onLeave: () => void, onResize: () => void): void {
    this.#open = true;
    process.on('exit', this.#restore);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onLeave);
    this.#output.on('resize', onResize);
    this.#output.write(TAKE);
    if (this.#input.isTTY !== true) return;
    this.#input.setRawMode(true);
    this.#input.on('data', (keys) => {
      const typed = keys.toString('latin1');
      if (LEAVE.some((key) => typed.includes(key))) onLeave();
    });
  }

  draw(lines: readonly string[]): void {
    if (this.#open) this.#output.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`);
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    process.off('exit', this.#restore);
    this.#output.write(GIVE_BACK);
    if (this.#input.isTTY !== true) return;
    this.#input.setRawMode(false);
    this.#input.pause();
  }
}
