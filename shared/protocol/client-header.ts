// The client for which a front asks a node for a sandbox (POST /api/spawn), so that the node limits that client and not
// the front:
//
//   Tmpfleet-Client: <client>~<tag>
//
// The tag is an HMAC-SHA-256 (RFC 2104) of client and ticket in base64url. A stranger can get tickets from the front, but
// not a tag: and a header cannot be used with another ticket than its own, nor a ticket for more than one sandbox.
import { createHmac, type KeyObject, timingSafeEqual } from 'node:crypto';

/** In lower case, as Node gives headers. */
export const CLIENT_HEADER = 'tmpfleet-client';

/** A client as `clientOf` names it. */
const CLIENT = /^[0-9a-f.:]{2,45}(?:\/64)?$/;

/** @param keys of the node's tickets; the first signs */
export function signClientHeader(client: string, ticket: string, [key]: readonly KeyObject[]): string {
  if (key === undefined) throw new TypeError('a client is signed with a key');
  return `${client}~${tagOf(client, ticket, key)}`;
}

/** The client, if one of the keys signed it for this ticket. */
export function readClientHeader(
  header: string,
  ticket: string,
  keys: readonly KeyObject[],
): string | undefined {
  const [client = '', tag = '', more] = header.split('~');
  if (more !== undefined || !CLIENT.test(client)) return undefined;
  const given = Buffer.from(tag, 'latin1');
  let isGenuine = false;
  for (const key of keys) {
    const wanted = Buffer.from(tagOf(client, ticket, key), 'latin1');
    isGenuine = (given.length === wanted.length && timingSafeEqual(given, wanted)) || isGenuine;
  }
  return isGenuine ? client : undefined;
}

/** The word before them keeps a tag from being one of another message under the same key. */
function tagOf(client: string, ticket: string, key: KeyObject): string {
  return createHmac('sha256', key).update(`client\n${client}\n${ticket}`).digest('base64url');
}
