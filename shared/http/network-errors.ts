// Explains to an operator why an address did not answer: name, port, timeout, certificate.
import { describeError, errorCode } from '../errors.ts';

export interface Unreachable {
  readonly message: string;
  readonly remedy: string;
}

/** What was to listen at the address. */
export interface Listener {
  readonly program: 'node-agent' | 'redirector';
  /** Its options for the address. */
  readonly options: string;
}

export const NODE_LISTENER: Listener = { program: 'node-agent', options: '--host, --port' };
export const FRONT_LISTENER: Listener = { program: 'redirector', options: '--host, --port' };

type Words = (url: URL, listener: Listener) => Unreachable;

const NO_NAME: Words = ({ hostname }) => ({
  message: `the name ${hostname} is not known here (DNS)`,
  remedy: 'is it spelt right, and does this host resolve it? try: getent hosts NAME',
});
const SILENT: Words = ({ host }) => ({
  message: `${host} does not answer in time`,
  remedy: 'is the host up, and does its firewall let this host in?',
});
const REFUSED: Words = ({ host }, { program, options }) => ({
  message: `${host} refuses connections: nothing listens there`,
  remedy: `is the ${program} running there, on that port, and not only on its own loopback (${options})?`,
});
const NO_WAY: Words = ({ host }) => ({
  message: `this host has no route to ${host}`,
  remedy: 'is the address right, and is the host in a network that this one reaches?',
});
const EXPIRED: Words = ({ host }) => ({
  message: `the TLS certificate of ${host} has expired`,
  remedy: 'renew it; readers’ browsers would refuse it too',
});
const WRONG_NAME: Words = ({ host, hostname }) => ({
  message: `the TLS certificate of ${host} is not for ${hostname}`,
  remedy: 'use the name that the certificate is for, or get one for this name',
});
const UNTRUSTED: Words = ({ host }) => ({
  message: `this host does not trust the TLS certificate of ${host}`,
  remedy: 'serve the whole chain; for an authority of your own, set NODE_EXTRA_CA_CERTS=file',
});
const NOT_TLS: Words = ({ host }) => ({
  message: `${host} does not speak TLS`,
  remedy: 'is it http:// rather than https://, or another port?',
});
const NOT_HTTP: Words = ({ host, protocol }) => ({
  message: `${host} does not speak HTTP`,
  remedy:
    protocol === 'http:' ? 'is it https:// rather than http://, or another port?' : 'is the port right?',
});

/** By the error codes of Node, OpenSSL and undici. */
const BY_CODE: Readonly<Record<string, Words>> = {
  ENOTFOUND: NO_NAME,
  EAI_AGAIN: NO_NAME,
  ECONNREFUSED: REFUSED,
  ETIMEDOUT: SILENT,
  UND_ERR_CONNECT_TIMEOUT: SILENT,
  UND_ERR_HEADERS_TIMEOUT: SILENT,
  UND_ERR_BODY_TIMEOUT: SILENT,
  EHOSTUNREACH: NO_WAY,
  ENETUNREACH: NO_WAY,
  CERT_HAS_EXPIRED: EXPIRED,
  ERR_TLS_CERT_ALTNAME_INVALID: WRONG_NAME,
  DEPTH_ZERO_SELF_SIGNED_CERT: UNTRUSTED,
  SELF_SIGNED_CERT_IN_CHAIN: UNTRUSTED,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNTRUSTED,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNTRUSTED,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  EPROTO: NOT_TLS,
  UND_ERR_SOCKET: NOT_HTTP,
  ECONNRESET: NOT_HTTP,
};

/** @param listener a node's public one, unless given */
export function explainUnreachable(error: unknown, url: string, listener = NODE_LISTENER): Unreachable {
  const at = new URL(url);
  // Several addresses of one name were tried: the first failure represents all.
  const one: unknown = error instanceof AggregateError ? (error.errors[0] ?? error) : error;
  const code = errorCode(one) ?? '';
  const timedOut = one instanceof Error && one.name === 'TimeoutError';
  const words = timedOut ? SILENT : code.startsWith('HPE_') ? NOT_HTTP : BY_CODE[code];
  return (
    words?.(at, listener) ?? {
      message: `the request to ${at.host} failed: ${describeError(one)}`,
      remedy: 'try it with curl',
    }
  );
}
