// The lines of the journal: their format, and how a file is read back.
import { linkSync, readFileSync, rmSync } from 'node:fs';
import { z } from 'zod';
import { describeError, errorCode } from '../../shared/errors.ts';
import type { Logger } from '../../shared/logging.ts';
import type { ClaimTicket } from './table.ts';

const time = z.number().nonnegative();
const id = z.string().min(16).max(128);
const entrySchema = z.discriminatedUnion('op', [
  z.object({ op: z.literal('warm'), id, token: z.string(), image: z.string(), at: time }),
  z.object({
    op: z.literal('claim'),
    id,
    token: z.string(),
    image: z.string(),
    owner: z.string().min(8),
    at: time,
    ticket: z.object({ nonce: z.string(), kind: z.enum(['page', 'spawn']) }).optional(),
  }),
  z.object({ op: z.literal('use'), id, at: time }),
  z.object({ op: z.literal('end'), id }),
]);
export type JournalEntry = z.infer<typeof entrySchema>;

/** What the journal proves about one sandbox. Unclaimed when there is no owner. */
export interface Recorded {
  readonly token: string;
  readonly image: string;
  readonly owner: string | undefined;
  readonly claimedAt: number | undefined;
  /** The ticket of the claim, if it had one. */
  readonly ticket?: ClaimTicket | undefined;
  readonly lastUse: number | undefined;
}

/** The fewest lines that record the same about one sandbox. */
export function entriesOf([id, { token, image, owner, claimedAt, ticket, lastUse }]: [
  string,
  Recorded,
]): readonly JournalEntry[] {
  if (owner === undefined) return [{ op: 'warm', id, token, image, at: 0 }];
  const claim: JournalEntry = { op: 'claim', id, token, image, owner, at: claimedAt ?? 0, ticket };
  return lastUse === undefined ? [claim] : [claim, { op: 'use', id, at: lastUse }];
}

/** Applies one line to the records. */
export function apply(recorded: Map<string, Recorded>, entry: JournalEntry): void {
  if (entry.op === 'end') recorded.delete(entry.id);
  else if (entry.op === 'use') {
    const before = recorded.get(entry.id);
    if (before !== undefined) recorded.set(entry.id, { ...before, lastUse: entry.at });
  } else {
    const { token, image } = entry;
    const claim =
      entry.op === 'claim'
        ? { owner: entry.owner, claimedAt: entry.at, ticket: entry.ticket }
        : { owner: undefined, claimedAt: undefined };
    recorded.set(entry.id, { token, image, ...claim, lastUse: undefined });
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
  if (unreadable > 0) for (const [id, { owner }] of recorded) if (owner === undefined) recorded.delete(id);
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
