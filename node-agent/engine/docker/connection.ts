// Connects to Docker, and translates all of its failures into ours.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { join } from 'node:path';
import Dockerode from 'dockerode';
import { describeError, errorCode, FleetError } from '../../../shared/errors.ts';
import { readOperatorFile } from '../../../shared/operator-file.ts';

export interface DockerTarget {
  /** In the form that `docker -H` accepts. */
  readonly host: string;
  /** Directory of TLS files; empty for none. */
  readonly certPath: string;
}

const DEFAULT_HOST = 'unix:///var/run/docker.sock';

/** The configured address, else that of the environment, else Docker's default. */
export function dockerTarget(
  config: { readonly dockerHost: string; readonly dockerCertPath: string },
  env: Readonly<Record<string, string | undefined>>,
): DockerTarget {
  return {
    host: config.dockerHost || env.DOCKER_HOST || DEFAULT_HOST,
    certPath: config.dockerCertPath || env.DOCKER_CERT_PATH || '',
  };
}

/** Whether the engine is reached through a Unix socket of this machine. */
export function isLocalSocket(target: DockerTarget): boolean {
  return target.host.startsWith('unix://');
}

/** @throws FleetError `bad-config` for an address or TLS files that cannot be used */
export function connectDocker(target: DockerTarget): Dockerode {
  return new Dockerode(connectionOptions(target));
}

function connectionOptions(target: DockerTarget): ConnectionOptions {
  if (isLocalSocket(target)) {
    // The empty host outweighs the DOCKER_HOST that docker-modem would read by itself.
    const socket = { host: '', socketPath: target.host.slice('unix://'.length) };
    return { ...socket, protocol: 'http', agent: new HttpAgent(ONE_REQUEST) };
  }
  const url = parseHost(target.host);
  const tls = url.protocol === 'https:' || (url.protocol === 'tcp:' && target.certPath !== '');
  const where = { host: url.hostname, port: url.port || (tls ? '2376' : '2375') };
  if (!tls) return { ...where, protocol: 'http', agent: new HttpAgent(ONE_REQUEST) };
  return {
    ...where,
    ...readCertificates(target.certPath),
    protocol: 'https',
    agent: new HttpsAgent(ONE_REQUEST),
  };
}

/** docker-modem accepts an agent, although its types for Dockerode lack it. */
type ConnectionOptions = Dockerode.DockerOptions & { readonly agent: HttpAgent };

/** Sockets are not kept alive: one that died with a restarted Docker would fail the next request. */
const ONE_REQUEST = { keepAlive: false };

function parseHost(host: string): URL {
  const url = URL.canParse(host) ? new URL(host) : undefined;
  if (url !== undefined && ['tcp:', 'http:', 'https:'].includes(url.protocol)) return url;
  throw new FleetError(
    'bad-config',
    `docker-host: ${JSON.stringify(host)} is not an address of a Docker engine`,
    {
      remedy: 'give it as unix:///var/run/docker.sock or tcp://127.0.0.1:2376',
    },
  );
}

function readCertificates(dir: string): { ca?: Buffer; cert?: Buffer; key?: Buffer } {
  if (dir === '') return {};
  const read = (name: string): Buffer => {
    const path = join(dir, name);
    try {
      return readOperatorFile(path);
    } catch (cause) {
      const why = `docker-cert-path: ${JSON.stringify(path)} cannot be read (${describeError(cause)})`;
      const remedy = 'it should be a directory with ca.pem, cert.pem and key.pem';
      throw new FleetError('bad-config', why, { cause, remedy });
    }
  };
  return { ca: read('ca.pem'), cert: read('cert.pem'), key: read('key.pem') };
}

export interface DockerCall {
  /** Completes "Docker could not …". */
  readonly what: string;
  /** Deadline of the call. */
  readonly deadlineMs: number;
  /** Aborts it before the deadline. */
  readonly signal?: AbortSignal;
}

/**
 * Runs one request to Docker within its deadline. Docker's own HTTP errors pass through unchanged, for `statusOf`.
 * @throws FleetError `engine-timeout`, `engine-unavailable`
 */
export async function callDocker<T>(
  call: DockerCall,
  request: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const timeout = AbortSignal.timeout(call.deadlineMs);
  const signal = call.signal === undefined ? timeout : AbortSignal.any([call.signal, timeout]);
  let onAbort = (): void => undefined;
  // Raced as well as aborted: the deadline must hold even when the client ignores the abort.
  const aborted = new Promise<never>((_, reject) => {
    onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  try {
    return await Promise.race([request(signal), aborted]);
  } catch (cause) {
    if (statusOf(cause) !== undefined || cause instanceof FleetError) throw cause;
    if (timeout.aborted) {
      throw new FleetError(
        'engine-timeout',
        `Docker did not ${call.what} within ${call.deadlineMs / 1000} s`,
        {
          cause,
        },
      );
    }
    throw unavailable(call.what, cause);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Error codes of Node for a certificate, and of OpenSSL for a handshake. */
const TLS_CODE = /^(ERR_SSL_|ERR_TLS_|CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|EPROTO$)/;
const TLS_REMEDY =
  'one authority must sign its certificate and ours: ca.pem, cert.pem and key.pem in --docker-cert-path';

function unavailable(what: string, cause: unknown): FleetError {
  const remedies: Readonly<Record<string, string>> = {
    ENOENT:
      'is Docker running? Its socket does not exist; --docker-host names another, --engine local needs none',
    ECONNREFUSED: 'is Docker running? --docker-host names another engine, --engine local needs none',
    EACCES: 'this user may not use the socket: run as root or as a member of the group that owns it',
  };
  const code = errorCode(cause) ?? '';
  const remedy = remedies[code] ?? (TLS_CODE.test(code) ? TLS_REMEDY : undefined);
  const options = remedy === undefined ? { cause } : { cause, remedy };
  const said = describeError(cause);
  // OpenSSL surrounds its message with the place in its source.
  const reason = /:SSL routines:[^:]*:([^:]+):/.exec(said)?.[1] ?? said;
  return new FleetError('engine-unavailable', `Docker could not ${what}: ${reason}`, options);
}

/** The HTTP status of a Docker error response; undefined for any other failure. */
export function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}

/** Docker's error message, without what dockerode puts around it. */
export function reasonOf(error: unknown): string {
  return describeError(error)
    .replace(/^\(HTTP code \d+\) [^-]*- /, '')
    .trim();
}

/**
 * For the start, where any HTTP error of Docker is temporary: Docker may be starting, or the server may be a proxy
 * without Docker behind it. Any other error is returned as it is.
 */
export function unready(cause: unknown): unknown {
  if (statusOf(cause) === undefined) return cause;
  const reason = reasonOf(cause);
  const remedy = /HTTP request to an HTTPS server/i.test(reason)
    ? 'set --docker-cert-path to the directory of ca.pem, cert.pem and key.pem for this engine'
    : 'read the log of Docker, and try: docker info';
  return new FleetError('engine-unavailable', `Docker is not ready: ${reason}`, { cause, remedy });
}
