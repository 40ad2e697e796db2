// The lines of the journal: their format, and how a file is read back.
import { linkSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { ClaimedBy, ClaimTicket } from './table.ts';

const time = z.number().nonnegative();
const id = z.string().min(16).max(128);
const entrySchema = z.discriminatedUnion('op', [
  z.object({
    op: z.literal('warm'),
    id,
    token: z.string(),
    image: z.string(),
    at: time,
    primed: z.string().optional(),
  }),
  z.object({
    op: z.literal('claim'),
    id,
    token: z.string(),
    image: z.string(),
    /** The key, by the name that earlier versions read and wrote. */
    owner: z.string().min(8),
    /** Missing from lines of earlier versions. */
    by: z.enum(['reader', 'program', 'unknown']).default('unknown'),
    at: time,
    ticket: z.object({ nonce: z.string(), kind: z.enum(['page', 'spawn']) }).optional(),
  }),
  z.object({ op: z.literal('use'), id, at: time }),
  z.object({ op: z.literal('cookies'), id, names: z.array(z.string()) }),
  z.object({ op: z.literal('end'), id }),
]);
export type JournalEntry = z.infer<typeof entrySchema>;

/** What the journal proves about one sandbox. Unclaimed when there is no key. */
export interface Recorded {
  readonly token: string;
  readonly image: string;
  readonly key: string | undefined;
  readonly claimedBy: ClaimedBy | undefined;
  readonly claimedAt: number | undefined;
  /** The ticket of the claim, if it had one. */
  readonly ticket?: ClaimTicket | undefined;
  readonly lastUse: number | undefined;
  /** The notebook whose kernel runs, of one that has no reader. */
  readonly primed?: string | undefined;
  /** Names of the cookies that it has set. */
  readonly cookies: readonly string[];
}

/** The fewest lines that record the same about one sandbox. */
export function entriesOf([id, known]: [string, Recorded]): readonly JournalEntry[] {
  const { token, image, key, claimedBy = 'unknown', claimedAt, ticket, lastUse, cookies, primed } = known;
  if (key === undefined) return [{ op: 'warm', id, token, image, at: 0, primed }];
  const entries: JournalEntry[] = [
    { op: 'claim', id, token, image, owner: key, by: claimedBy, at: claimedAt ?? 0, ticket },
  ];
  if (lastUse !== undefined) entries.push({ op: 'use', id, at: lastUse });
  if (cookies.length > 0) entries.push({ op: 'cookies', id, names: [...cookies] });
  return entries;
}

const UNCLAIMED = { key: undefined, claimedBy: undefined, claimedAt: undefined };

/** Applies one line to the records. */
export function apply(recorded: Map<string, Recorded>, entry: JournalEntry): void {
  if (entry.op === 'end') recorded.delete(entry.id);
  else if (entry.op === 'use' || entry.op === 'cookies') {
    const before = recorded.get(entry.id);
    const learnt = entry.op === 'use' ? { lastUse: entry.at } : { cookies: entry.names };
    if (before !== undefined) recorded.set(entry.id, { ...before, ...learnt });
  } else {
    const { token, image } = entry;
    const claim =
      entry.op === 'claim'
        ? { key: entry.owner, claimedBy: entry.by, claimedAt: entry.at, ticket: entry.ticket }
        : { ...UNCLAIMED, primed: entry.primed };
    recorded.set(entry.id, { token, image, ...claim, lastUse: undefined, cookies: [] });
  }
}

/** The records of the file at `path`; empty when there is none. A damaged file is read as far as is safe. */
export function replay(path: string, logger: Logger): Map<string, Recorded> {
  const recorded = new Map<string, Recorded>();
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return recorded;
    throw error;
  }
  const lines = text.split('\n');
  // Text without a final newline was never flushed, so no answer depended on it.
  const torn = lines.pop();
  let unreadable = 0;
  for (const line of lines) {
    const entry = parse(line);
    if (entry === undefined) unreadable += 1;
    else apply(recorded, entry);
  }
  if (torn !== '' || unreadable > 0) {
    const kept = `${path}.damaged`;
    logger.warn({ torn: torn !== '', unreadable, kept }, 'the journal is damaged; what can be read is used');
    // Linked, not renamed: the file must stay until a complete one replaces it.
    if (unreadable > 0) keepCopy(path, kept, logger);
  }
  // The unreadable line may be the claim of a sandbox that otherwise looks unclaimed.
  if (unreadable > 0) for (const [id, { key }] of recorded) if (key === undefined) recorded.delete(id);
  return recorded;
}

function keepCopy(path: string, kept: string, logger: Logger): void {
  try {
    rmSync(kept, { force: true });
    linkSync(path, kept);
  } catch (error) {
    logger.warn({ error: describeError(error) }, 'the damaged journal could not be kept');
  }
}

function parse(line: string): JournalEntry | undefined {
  try {
    const parsed = entrySchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}
