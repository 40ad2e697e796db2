// Checks until when a server's TLS certificate is valid: an expired one keeps every reader out, and the date is known ahead.
import { connect, type PeerCertificate } from 'node:tls';
import { FleetError } from '../errors.ts';
import { explainUnreachable } from '../http/network-errors.ts';
import { type PairFiles, readPair } from '../tls/pair.ts';
import { nameProblem, RENEWAL_DAYS } from '../tls/server-certificate.ts';
import type { Verdict } from './checkup.ts';

const PATIENCE_MS = 5_000;
const DAY_MS = 86_400_000;

/** @param url with https @param now ms since 1970 */
export async function checkCertificate(url: string, now: number): Promise<Verdict> {
  const { certificate, distrust } = await peerCertificate(url);
  const days = Math.floor((Date.parse(certificate.valid_to) - now) / DAY_MS);
  if (distrust !== undefined && days >= 0) return { level: 'fail', ...explainCertificate(distrust, url) };
  return judgeExpiry(Date.parse(certificate.valid_to), now);
}

/** The certificate of the program's own listeners, in its files. */
export function checkOwnCertificate(
  { sandboxDomain, ...files }: PairFiles & { readonly sandboxDomain: string },
  now: number,
): Verdict {
  const read = readPair(files);
  if ('problem' in read) return { level: 'fail', detail: read.problem };
  const { leaf, notAfter } = read.pair;
  const verdict = judgeExpiry(notAfter, now);
  const problem = sandboxDomain === '' ? undefined : nameProblem(leaf, sandboxDomain);
  if (problem === undefined || verdict.level === 'fail') return verdict;
  return { level: 'fail', detail: problem, remedy: 'have one made for that name, too (DNS-01 challenge)' };
}

/** @param notAfter ms since 1970, as `now` */
function judgeExpiry(notAfter: number, now: number): Verdict {
  const days = Math.floor((notAfter - now) / DAY_MS);
  const detail = `good until ${new Date(notAfter).toISOString().slice(0, 10)}, ${days} days`;
  const remedy = 'renew it: is the automatic renewal working?';
  if (days < 0) return { level: 'fail', detail: `it expired ${-days} days ago`, remedy };
  return days < RENEWAL_DAYS ? { level: 'warn', detail, remedy } : { detail };
}

function explainCertificate(code: string, url: string): { readonly detail: string; readonly remedy: string } {
  const { message, remedy } = explainUnreachable(Object.assign(new Error(code), { code }), url);
  return { detail: message, remedy };
}

interface Peer {
  readonly certificate: PeerCertificate;
  /** Why the certificate is not trusted: an error code of OpenSSL. */
  readonly distrust: string | undefined;
}

function peerCertificate(url: string): Promise<Peer> {
  const { hostname, port } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    // Untrusted certificates are accepted here, so that they can be reported too.
    const name = /^[\d.]+$|:/.test(host) ? {} : { servername: host };
    const socket = connect({ host, port: Number(port || 443), rejectUnauthorized: false, ...name }, () => {
      const { authorizationError } = socket;
      const code = authorizationError instanceof Error ? authorizationError.message : authorizationError;
      resolve({ certificate: socket.getPeerCertificate(), distrust: code ?? undefined });
      socket.destroy();
    });
    socket.setTimeout(PATIENCE_MS, () => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })));
    socket.once('error', (cause) => {
      const { message, remedy } = explainUnreachable(cause, url);
      reject(new FleetError('unavailable', message, { cause, remedy }));
    });
  });
}
