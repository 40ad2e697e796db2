// Why ours is right where the two differ: by RFC and section.

export const FAILS =
  'RFC 9110 §15.6.3, RFC 9112 §8: a gateway answers, or breaks off what it began; CHP leaves its reader waiting, or its process ends by an uncaught error';
export const UNASKED =
  'RFC 9112 §6.3, §8: what is too much is dropped, and what is missing is shown by breaking off; here CHP’s process ends by an uncaught error, or not, by moments';
export const BAD_GATEWAY =
  'RFC 9110 §15.6.3: an invalid answer, or none, of the server behind a gateway is 502; 503 is for what is expected to pass';
export const CONNECTION =
  'RFC 9110 §7.6.1: Connection, and what it names, is for one hop and must be removed; the reader’s connection goes on by itself';
export const HOP_BY_HOP = 'RFC 9110 §7.6.1, §11.7: this header is for one hop';
export const FRAMING_LOST =
  'RFC 9112 §6.3: CHP sends the body without a framing, and a sandbox reads it as another request; ours keeps it';
export const OWN_FRAMING =
  'RFC 9112 §6.1, §7, RFC 9110 §8.6: the framing of the next hop is written by us, in the form that every server reads alike';
export const BAD_CODING =
  'RFC 9112 §6.1: a coding that is not understood, or chunks from HTTP/1.0, is refused: two servers could disagree about its end';
export const SEEN_LATER =
  'RFC 9112 §7.1: refused as soon as the fault is seen; what came before it was on its way, and is broken off';
export const IN_TURN =
  'RFC 9112 §9.3.2, §9.6: the good request is answered first; the fault behind it takes nothing from it';
export const NO_BODY =
  'RFC 9110 §8.6, §15.3.5, §15.3.6, RFC 9112 §6.3: this answer has no content, and so no length or chunks';
export const TRAILERS =
  'RFC 9110 §6.5.1, §10.1.4: trailers and TE are for one hop, and trailers may be dropped';
export const UNKNOWN_LENGTH =
  'RFC 9112 §6.3: an answer without a length may be sent on in chunks; it was not known to be empty at its head';
export const INTERIM =
  'RFC 9110 §15.2: a proxy must pass interim answers on, but 100s that it asked for itself, in HTTP/1.1';
export const EXPECT =
  'RFC 9110 §10.1.1: a proxy passes the expectation on, and the sandbox’s answer back; CHP says 100 before the sandbox has seen the head, so that a refused body is sent, or the next request taken for it';
export const NO_EXPECTATION =
  'RFC 9110 §10.1.1: without a body, or in HTTP/1.0, the expectation has no meaning, and no 100 is due; the connection may close';
export const UNKNOWN_EXPECTATION =
  'RFC 9110 §10.1.1, RFC 9112 §9.6: 417 may end the connection; kept, it would take the next request of a proxy for the body that never came';
export const SPELLING = 'RFC 9110 §5.1, §7.6.1: the same word in other letters';
export const UPGRADE_FORWARDED =
  'RFC 9110 §7.8, §3.7: http is the scheme of a handshake (RFC 6455 §1.2), and its host is named as for every request';
export const UPGRADE_REFUSED =
  'RFC 9112 §9.6: a refused handshake ends its connection, and the answer says so';
export const TUNNEL = 'RFC 6455 §4.2.2, §7.1.5: after the handshake come frames, and never an HTTP answer';
export const OTHER_PROTOCOL =
  'RFC 9110 §7.8: a server may ignore Upgrade, and then answers; CHP closes without a word';
export const UPGRADE_METHOD = 'RFC 6455 §4.1: a handshake is a GET without a body; it is refused with a word';
export const UPGRADE_OF_HOP = 'RFC 9110 §7.8: Upgrade is for one hop, and counts only if Connection names it';
export const UPGRADE_REQUIRED =
  'RFC 9110 §15.5.22: a 426 must say which protocol; closing the connection is allowed (RFC 9112 §9.6)';
export const SEPARATE_LINES =
  'RFC 9110 §5.3: lines of one name mean the same as their list; left as they came, with none of them lost';
export const LARGER = 'RFC 9110 §5.4: how large a header may be is the server’s to say; ours takes more';
export const VIA = 'RFC 9110 §7.6.3: a proxy must name itself in Via';
export const MAX_FORWARDS = 'RFC 9110 §7.6.2: Max-Forwards is counted down, and 0 is answered here';
export const TRACE =
  'RFC 9110 §9.3.8: TRACE shows what must not be shown to a page: cookies; so it stays here';
export const CLAIMS =
  'RFC 7239 §8.1: who asks is known from the connection; what a reader says of it cannot be trusted';
export const COOKIES =
  'RFC 6265 §8.6: sandboxes share a host: each gets only its own cookies, and sets them only for its own path';
export const PORT = 'RFC 9110 §7.2: the port stands behind the brackets of an IPv6 address';
export const HOST_KEPT = 'RFC 9110 §7.2: a proxy passes Host on as it is';
export const BAD_HOST = 'RFC 9112 §3.2: more than one Host, or an invalid one, must be answered by 400';
export const ORIGIN =
  'RFC 6454 §3: sandboxes share an origin, and a header of one must not act on the others (docs/hostile-sandboxes.md)';
export const FRAMES = 'CSP Level 3 §6.4.2: who may show a notebook in a frame is the operator’s to say';
export const LOCATION =
  'RFC 9110 §10.2.2: a path is relative to the address that the reader used; that of the sandbox’s listener leads nowhere';
export const TARGET_KEPT =
  'RFC 9110 §7.7: a proxy must not change path or query of a target but for an empty path';
export const LONE_PERCENT = 'RFC 9110 §7.7: what a server makes of a % is its matter';
export const SLASHES =
  'RFC 3986 §6.2.3: needless slashes at the start lead to the same sandbox, and to no other';
export const CLIMBS = 'RFC 9112 §3: a target that leaves its sandbox, by any server’s reading, is malformed';
export const FRAGMENT = 'RFC 9112 §3.2: a target has no fragment';
export const BASE = 'RFC 3986 §5.2: relative links need the slash, so the reader is sent there';
export const ENCODED_PREFIX =
  'RFC 9110 §4.2.3: what stands before the id is matched as it is, so that every server agrees on it';
export const ABSOLUTE_FORM = 'RFC 9112 §3.2.2: in absolute form the authority replaces Host';
export const SCHEMES =
  'RFC 9110 §4.2.4, §7.4: a user in an http address, and other schemes, are not for this server';
export const VERSION = 'RFC 9112 §3: a request line has a version; HTTP/0.9 is not spoken';
export const KEPT =
  'RFC 9112 §9.3.1, §9.5: a kept connection that ends is replaced for what was not sent, and for what may be repeated; whether CHP meets the end is a matter of moments';
