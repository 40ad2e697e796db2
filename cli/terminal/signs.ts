// The signs that the command draws with: plain ASCII where the terminal's locale has no others.

export interface Signs {
  /** One for each state of a slot. */
  readonly slots: Readonly<Record<'held' | 'warm' | 'starting' | 'removing' | 'free', string>>;
  /** Where a text was cut, or goes on. */
  readonly more: string;
  /** Before what to do about a problem. */
  readonly arrow: string;
}

const UNICODE: Signs = {
  slots: { held: '█', warm: '▓', starting: '░', removing: '▒', free: '·' },
  more: '…',
  arrow: '→',
};
const ASCII: Signs = {
  slots: { held: '#', warm: '=', starting: '-', removing: '~', free: '.' },
  more: '...',
  arrow: '->',
};

/**
 * By the locale of characters, as setlocale(3) finds it. With none at all it is Unicode: containers and `ssh host command`
 * set none, and the terminals that show their output know it.
 */
export function signsFor({ LC_ALL, LC_CTYPE, LANG }: Readonly<Record<string, string | undefined>>): Signs {
  const locale = LC_ALL || LC_CTYPE || LANG || 'C.UTF-8';
  return /utf-?8/i.test(locale) ? UNICODE : ASCII;
}

export const SIGNS = signsFor(process.env);
