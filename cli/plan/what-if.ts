// `--what-if warm=20,hosts=6`: what to change in the plan, to see what would come of it.
import { z } from 'zod';
import type { Kind } from '../../shared/config/option.ts';

export interface Changes {
  readonly hosts?: number;
  /** Of each host; the following, too. */
  readonly capacity?: number;
  /** Infinity for all slots. */
  readonly warm?: number;
  readonly starts?: number;
  readonly readers?: number;
}

export interface WhatIf extends Changes {
  /** As written. */
  readonly text: string;
}

const HIGHEST: Readonly<Record<keyof Changes, number>> = {
  ...{ hosts: 10_000, capacity: 10_000, warm: 100_000, starts: 256, readers: 1_000_000 },
};

/** Semicolons separate rows, because commas separate what one row changes. */
export const whatIfKind: Kind<readonly WhatIf[]> = {
  schema: z.string().transform((text, context) =>
    text
      .split(';')
      .filter((row) => row.trim() !== '')
      .map((row) => parseWhatIf(row.trim()) ?? refuse(context)),
  ),
  metavar: 'changes',
  expects: `${Object.keys(HIGHEST).join(', ')} with a number each (warm=all, too), such as warm=20,hosts=6`,
  format: (rows) => rows.map(({ text }) => text).join('; '),
};

function refuse(context: z.RefinementCtx): never {
  context.addIssue('no change');
  return z.NEVER;
}

export function parseWhatIf(text: string): WhatIf | undefined {
  const changes: [string, number][] = [];
  for (const part of text.split(',')) {
    const [, name = '', value = ''] = /^\s*([a-z]+)\s*=\s*(\d+|all)\s*$/.exec(part) ?? [];
    if (!isName(name) || changes.some(([other]) => other === name)) return undefined;
    if (value === 'all' && name !== 'warm') return undefined;
    const number = value === 'all' ? Number.POSITIVE_INFINITY : Number(value);
    const least = name === 'warm' ? 0 : 1;
    if (number < least || (value !== 'all' && number > HIGHEST[name])) return undefined;
    changes.push([name, number]);
  }
  return { text, ...Object.fromEntries(changes) };
}

function isName(name: string): name is keyof Changes {
  return Object.hasOwn(HIGHEST, name);
}
