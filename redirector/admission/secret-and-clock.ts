// Whether a node has a key of our fleet, and our time: two things that must not be taken for each other.
import { type Clock, newNonce } from '../../shared/clock.ts';
import { explainUnreachable } from '../../shared/http/network-errors.ts';
import type { FleetKeys } from '../../shared/protocol/fleet-keys.ts';
import { ORDER_PATH, SIGNATURE_HEADER } from '../../shared/protocol/order.ts';
import { MAX_SKEW_MS, type Probe, signProbe, verifyProbeAnswer } from '../../shared/protocol/probe.ts';
import type { FleetReport, Member } from '../../shared/protocol/wire.ts';
import { type FindingSink, ProbeRefused } from './findings.ts';
import { type Reply, sendRequest } from './request.ts';

export interface Asking {
  readonly member: Member;
  readonly keys: FleetKeys;
  readonly clock: Clock;
}

export interface ProbeReply {
  /** How far its clock is ahead of ours, ms. */
  readonly skew: number | undefined;
  /** By its own signed word, rather than by an HTTP header. */
  readonly bySecret: boolean;
  readonly front: string;
  /** Whether its engine is open. */
  readonly ready: boolean;
}

/** What it says under its node key; undefined when neither side has keys. */
export async function checkSecret(
  { member, keys, clock }: Asking,
  sink: FindingSink,
  fleet: FleetReport,
): Promise<ProbeReply | undefined> {
  const probe: Probe = { order: 'probe', nonce: newNonce(), node: fleet.node };
  const body = JSON.stringify(probe);
  const reply = await sendRequest({
    ...{ url: member.url + ORDER_PATH, method: 'POST', body, clock },
    headers: {
      'content-type': 'application/json',
      ...(keys.orders === undefined ? {} : { [SIGNATURE_HEADER]: signProbe(body, keys.orders) }),
    },
  }).catch((error: unknown) => {
    throw new ProbeRefused('reachable', {
      code: 'node-unreachable',
      ...explainUnreachable(error, member.url),
    });
  });
  // A node without a secret has no such address.
  if (reply.status === 404 && !keys.exist) {
    sink.warn(
      'secret',
      'this front has no secret and the node no key: no tickets, and no orders by the front',
    );
    return undefined;
  }
  const answer =
    reply.status === 200
      ? verifyProbeAnswer(probe, reply.text, reply.header(SIGNATURE_HEADER), keys.tickets(fleet.node))
      : undefined;
  if (answer === undefined) throw noProof(fleet.node, reply.status, keys.exist);
  sink.found('secret', 'its node key was made from our secret');
  return { skew: answer.clock - reply.at, bySecret: true, front: answer.front, ready: answer.ready };
}

function noProof(node: string, status: number, haveOne: boolean): ProbeRefused {
  if (status !== 200 && status !== 403 && status !== 404) {
    return new ProbeRefused('secret', {
      code: 'bad-report',
      message: `${node} answers ${status} where it takes a front's orders (POST ${ORDER_PATH})`,
      remedy: 'if a proxy stands before it, have that pass everything on',
    });
  }
  const message = !haveOne
    ? `${node} has a node key, and this front has no secret`
    : status === 404
      ? `${node} has no node key, and this front has a secret`
      : `the node key of ${node} was not made from the secret of this front`;
  return new ProbeRefused('secret', {
    code: 'wrong-secret',
    message: `${message}: its readers' tickets would not be believed`,
    remedy: haveOne
      ? `make its key at the front, and start it with that (TMPFLEET_NODE_KEY, --node-key-file): tmpfleet node key ${node}`
      : 'start the front with the secret that the key was made from (TMPFLEET_SECRET, --secret-file)',
  });
}

/** To the second; undefined where it has no usable `Date`. */
export function skewByHeader(reply: Reply): number | undefined {
  const told = Date.parse(reply.header('date'));
  return Number.isNaN(told) ? undefined : told + 500 - reply.at;
}

export function compareClocks(
  { found, warn }: FindingSink,
  { skew, bySecret }: Pick<ProbeReply, 'skew' | 'bySecret'>,
): void {
  if (skew === undefined) {
    warn('clock', 'the node does not tell its time');
    return;
  }
  const apart = describeSkew(skew);
  if (Math.abs(skew) <= MAX_SKEW_MS) found('clock', apart);
  // Without tickets nothing of ours depends on it.
  else if (!bySecret) warn('clock', `${apart}: does either keep its time (NTP)?`);
  else {
    throw new ProbeRefused('clock', {
      code: 'clock-skew',
      message: `${apart}, and more than ${MAX_SKEW_MS / 1000} s apart tickets and orders are taken for stale`,
      remedy: 'have both keep their time (timedatectl set-ntp true, or chrony), then add it again',
    });
  }
}

function describeSkew(skew: number): string {
  const seconds = Math.round(Math.abs(skew) / 100) / 10;
  if (seconds < 1) return "its clock agrees with this front's to the second";
  return `its clock is ${seconds} s ${skew > 0 ? 'ahead of' : 'behind'} this front's`;
}
