// Writes the status line and headers of a sandbox's response to the reader.
import { type ServerResponse, STATUS_CODES } from 'node:http';

const ILLEGAL_REASON = /[^\t\x20-\x7e\x80-\xff]/;

/** Node's `writeHead` keeps only the last of each name once a header was set one by one, as for CORS ahead of us. */
export function writeHead(
  response: ServerResponse,
  status: number,
  reason: string | undefined,
  flat: string[],
): void {
  const phrase = reason === undefined || reason === '' || ILLEGAL_REASON.test(reason) ? undefined : reason;
  if (response.getHeaderNames().length === 0) {
    if (phrase === undefined) response.writeHead(status, flat);
    else response.writeHead(status, phrase, flat);
    return;
  }
  const values = new Map<string, string[]>();
  for (let index = 0; index < flat.length; index += 2) {
    const name = flat[index]?.toLowerCase() ?? '';
    const sofar = values.get(name);
    if (sofar === undefined) values.set(name, [flat[index + 1] ?? '']);
    else sofar.push(flat[index + 1] ?? '');
  }
  for (const [name, all] of values) response.setHeader(name, all.length === 1 ? (all[0] ?? '') : all);
  if (phrase === undefined) response.writeHead(status);
  else response.writeHead(status, phrase);
}

/** An interim response (RFC 9110 §15.2), between the responses before it and the one it announces. */
export function writeInterim(response: ServerResponse, status: number, headers: readonly string[]): void {
  let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  for (let index = 0; index < headers.length; index += 2)
    head += `${headers[index]}: ${headers[index + 1]}\r\n`;
  response.socket?.write(`${head}\r\n`, 'latin1');
}
