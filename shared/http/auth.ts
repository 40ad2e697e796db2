// Bearer tokens, compared in constant time.
import { createHash, timingSafeEqual } from 'node:crypto';

/** Whether an `Authorization` header has `token`; accepts both spellings that clients of tmpnb and others send. */
export function carriesToken(header: string | undefined, token: string): boolean {
  if (header === undefined) return false;
  const match = /^(?:token|bearer)\s+(\S+)$/i.exec(header.trim());
  return match !== null && equalInConstantTime(match[1] ?? '', token);
}

/** Hashing first makes the lengths equal, so that not even the length leaks. */
export function equalInConstantTime(left: string, right: string): boolean {
  return timingSafeEqual(
    createHash('sha256').update(left).digest(),
    createHash('sha256').update(right).digest(),
  );
}
