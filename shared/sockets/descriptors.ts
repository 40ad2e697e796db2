// The limit of open files of this process, and how many connections fit into it.
import { readFileSync } from 'node:fs';

/** Descriptors kept for other purposes: at least this many, and an eighth of the limit. */
const LEAST_RESERVE = 128;

/** The limit of open files; undefined where the system does not tell it (it does on Linux, proc_pid_limits(5)). */
export function descriptorLimit(): number | undefined {
  try {
    const soft = /^Max open files\s+(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

export interface ConnectionRoom {
  /** Connections of readers. */
  readonly readers: number;
  /** Connections of operators and of monitoring. */
  readonly control: number;
}

/**
 * How many connections to accept, so that descriptors are left for connections to nodes or to sandboxes, and for files.
 * @param limit the limit of open files; undefined for none
 * @param each descriptors that a connection of a reader takes: two where it is proxied
 */
export function roomForConnections(limit: number | undefined, each: number): ConnectionRoom {
  if (limit === undefined) return { readers: Number.POSITIVE_INFINITY, control: Number.POSITIVE_INFINITY };
  const reserve = Math.min(limit / 2, Math.max(LEAST_RESERVE, limit / 8));
  return { readers: Math.floor((limit - reserve) / each), control: Math.floor(reserve / 2) };
}
