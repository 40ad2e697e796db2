// Numbers and times as people say them.
import type { EventNode } from '../../../shared/api/event.ts';

const clockFormat = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const dayFormat = new Intl.DateTimeFormat('en-GB', { weekday: 'short', hour: '2-digit', minute: '2-digit' });

/** `14:05`, or `Tue 14:05` when that is not within twelve hours. */
export function timeOf(ms: number, now: number): string {
  return (Math.abs(ms - now) < 12 * 3_600_000 ? clockFormat : dayFormat).format(ms);
}

/** `40 s`, `12 min`, `3 h 20 min`, `2 d 4 h` */
export function spanOf(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 36) return twoParts(`${hours} h`, minutes % 60, 'min');
  return twoParts(`${Math.floor(hours / 24)} d`, hours % 24, 'h');
}

function twoParts(large: string, rest: number, unit: string): string {
  return rest === 0 ? large : `${large} ${rest} ${unit}`;
}

export function count(number: number, one: string, many = `${one}s`): string {
  return `${number} ${number === 1 ? one : many}`;
}

export function ageOf(seconds: number | undefined): string {
  if (seconds === undefined) return 'never reported';
  if (seconds < 10) return `reported ${seconds.toFixed(1)} s ago`;
  return `reported ${spanOf(seconds * 1000)} ago`;
}

/** The state of a node: whether it answers comes before what it last reported. */
export function standingOf({ reachability, state }: EventNode): string {
  if (reachability === 'unreachable') return 'unreachable';
  return reachability === 'unknown' || state === null ? 'not heard yet' : state;
}

/** What there is to say of a node beyond its numbers; empty when nothing. */
export function remarkOn(node: EventNode, now: number): string {
  const { reachability, unreachable_reason: reason, state, slots } = node;
  if (reachability === 'unreachable') {
    const since = Date.parse(node.reachability_changed_at);
    return `since ${timeOf(since, now)} (${spanOf(now - since)}): ${reason ?? 'no answer'}`;
  }
  if (reason !== null) return reason;
  if (state === 'cordoned') return 'no new readers are sent there';
  if (state === 'draining') return `${count(slots.held, 'reader')} left${untilWhen(node, now)}`;
  if (state === 'drained')
    return node.drain_forced === true
      ? 'no readers are left: the deadline ended those who stayed'
      : 'no readers are left: all had gone by themselves';
  if (node.same_secret === false) return "it does not have this front's secret: give it its node key";
  if (node.problem !== null) return node.problem;
  const { canary } = node;
  return canary?.failing === true
    ? `the front's canary fails since ${timeOf(Date.parse(canary.since), now)}: ${canary.reason}`
    : '';
}

function untilWhen({ drain_deadline_at: deadline }: EventNode, now: number): string {
  if (deadline === null) return '';
  const at = Date.parse(deadline);
  return `; those still there at ${timeOf(at, now)} (in ${spanOf(at - now)}) are ended`;
}

/** For slots without a sandbox: "free" reads as "for a reader", and a warm one is that, too. */
export function slotWord(state: string): string {
  return state === 'free' ? 'empty' : state;
}
