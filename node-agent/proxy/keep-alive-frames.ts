// What a WebSocket's reader sends to keep it open: pings, which the proxy answers while the sandbox is frozen, and pongs.
// RFC 6455 §5.2 (frames) and §5.5 (control frames).

const FINAL_PING = 0x89;
const FINAL_PONG = 0x8a;
const MASKED = 0x80;
const LONGEST_PAYLOAD = 125;
const MASK_BYTES = 4;

export interface KeepAlive {
  /** The answers to the pings. */
  readonly pongs: Buffer;
  /** The reader's pongs, which answer pings of the sandbox. */
  readonly rest: Buffer;
}

/** @param chunk begins at the beginning of a frame. @returns undefined unless it is whole pings and pongs only */
export function readKeepAlive(chunk: Buffer): KeepAlive | undefined {
  const pongs: Buffer[] = [];
  const rest: Buffer[] = [];
  for (let at = 0; at < chunk.length; ) {
    const [first, second = 0] = [chunk[at], chunk[at + 1]];
    const length = second & ~MASKED;
    const from = at + 2 + MASK_BYTES;
    const end = from + length;
    const isControl = first === FINAL_PING || first === FINAL_PONG;
    if (!isControl || (second & MASKED) === 0 || length > LONGEST_PAYLOAD || end > chunk.length)
      return undefined;
    if (first === FINAL_PING) pongs.push(pongTo(chunk.subarray(at + 2, from), chunk.subarray(from, end)));
    else rest.push(chunk.subarray(at, end));
    at = end;
  }
  return { pongs: Buffer.concat(pongs), rest: Buffer.concat(rest) };
}

/** A server masks nothing. */
function pongTo(mask: Buffer, payload: Buffer): Buffer {
  const pong = Buffer.allocUnsafe(2 + payload.length);
  pong[0] = FINAL_PONG;
  pong[1] = payload.length;
  for (let index = 0; index < payload.length; index += 1)
    pong[2 + index] = (payload[index] ?? 0) ^ (mask[index % MASK_BYTES] ?? 0);
  return pong;
}
