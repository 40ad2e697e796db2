// What happens to the fleet in the course of the day, and what the front says of it each second.
import { setPriority } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';

/** Hours of the day. The article is out at 18 (`nature-day` of cli/load/schedule/shapes.ts). */
const FIRST_JOINS = 8;
const LAST_JOINS = 16;
const ROTATED = 20;
const KILLED = 21.5;
/** What systemd waits with our unit before it starts an agent again (RestartSec). ms */
const RESTART_MS = 1_000;
/** What a rotated host's readers get to finish. */
const DRAIN_DEADLINE = '2m';
const LOOK_MS = 1_000;
/** Front and readers would have machines of their own: hosts and sandboxes, which share this one, leave them what they need. */
const NICE = 5;

export class Day {
  #fleet;
  #day;
  #began = 0;
  #isOver = false;
  /** `{ second, hour, what }` */
  events = [];
  /** The killed agent: `{ node, second, back }`, its address as in reports of the load; undefined before. */
  killed;
  /** What the front said, each second. */
  states = [];

  constructor(fleet, day) {
    this.#fleet = fleet;
    this.#day = day;
  }

  /** The hosts of the morning, with all their sandboxes ready. @returns processor time of a start, its agent's included. ms */
  async openFirst() {
    const names = Array.from({ length: this.#day.first }, (_, index) => `node-${index + 1}`);
    await Promise.all(names.map((name) => this.#join(name)));
    const slots = this.#day.first * this.#day.capacity;
    const before = this.#fleet.usage();
    const { available } = await this.#fleet.stats(this.#fleet.front.url);
    await this.#fleet.untilFree(this.#fleet.front.url, slots);
    const after = this.#fleet.usage();
    const agents = names.reduce((sum, name) => sum + after[name] - before[name], 0);
    const sandboxes = names.reduce((sum, name) => sum + this.#fleet.usageOfChildren(name), 0);
    return 1_000 * (agents / Math.max(1, slots - available) + sandboxes / slots);
  }

  /** Begins with the first reader; ends when all has happened, and the load is over. */
  async run() {
    const { nodes, first, over } = this.#day;
    this.#began = performance.now();
    const hour = (number) => (number / 24) * milliseconds(over);
    const joins = Array.from({ length: nodes - first }, (_, index) => {
      const at = FIRST_JOINS + (index * (LAST_JOINS - FIRST_JOINS)) / Math.max(1, nodes - first - 1);
      return {
        at,
        what: `node-${first + index + 1} joins`,
        do: () => this.#join(`node-${first + index + 1}`),
      };
    });
    const course = [
      ...joins,
      { at: ROTATED, what: 'node-1 is to be drained', do: () => this.#rotate('node-1') },
      { at: KILLED, what: 'the agent of node-2 is killed (-9)', do: () => this.#kill('node-2') },
    ];
    // Together: what fails in one of them, as where the bench is interrupted, is not left without an owner.
    await Promise.all([
      this.#watch(),
      ...course.map(async (event) => {
        await delay(hour(event.at));
        if (this.#isOver) return;
        this.#note(event.what);
        await event.do();
      }),
    ]);
  }

  /** The load is over. */
  end() {
    this.#isOver = true;
  }

  #second() {
    return (performance.now() - this.#began) / 1_000;
  }

  #note(what) {
    const seconds = this.#second();
    const hour = (24 * seconds * 1_000) / milliseconds(this.#day.over);
    this.events.push({ second: round(seconds), hour: round(hour), what });
    this.#day.say(`${seconds.toFixed(1)} s: ${what}`);
  }

  async #join(name) {
    const { url, pid } = await this.#fleet.startNode(name, this.#day.nodeOptions);
    setPriority(pid, NICE);
    await this.#fleet.node('add', url, '--id', name);
  }

  async #rotate(name) {
    await this.#fleet.node('drain', name, '--deadline', DRAIN_DEADLINE, '--wait');
    this.#note(`${name} has no readers left`);
    await this.#fleet.node('rm', name);
    await this.#fleet.end(name);
    this.#note(`${name} is gone`);
  }

  /** Its sandboxes go on, as containers would; the new agent finds them. */
  async #kill(name) {
    const second = this.#second();
    await this.#fleet.end(name, 'SIGKILL');
    await delay(RESTART_MS);
    const { url, pid } = await this.#fleet.startNode(name, this.#day.nodeOptions);
    this.killed = { node: new URL(url).host, second: round(second), back: round(this.#second()) };
    setPriority(pid, NICE);
    this.#note(`the agent of ${name} is back`);
  }

  async #watch() {
    while (!this.#isOver) {
      const next = performance.now() + LOOK_MS;
      const { front } = this.#fleet;
      const [fleet, metrics] = await Promise.all(
        ['/api/fleet', '/metrics'].map(async (path) => (await fetch(`${front.controlUrl}${path}`)).text()),
      );
      this.states.push(stateOf(this.#second(), JSON.parse(fleet), metrics));
      await delay(Math.max(0, next - performance.now()));
    }
  }
}

/** The fleet at a moment: slots by what is in them, nodes by their state, readers in line. */
function stateOf(second, { nodes }, metrics) {
  const sum = (of) => nodes.reduce((total, node) => total + of(node), 0);
  const isUp = ({ reachability }) => reachability === 'reachable';
  const states = {};
  for (const node of nodes) {
    const state = isUp(node) ? (node.state ?? 'unknown') : node.reachability;
    states[state] = (states[state] ?? 0) + 1;
  }
  const slots = (name) => sum((node) => (isUp(node) ? node.slots[name] : 0));
  return {
    second: round(second),
    nodes: states,
    capacity: sum((node) => (isUp(node) ? node.capacity : 0)),
    ...{ held: slots('held'), warm: slots('warm'), starting: slots('starting'), removing: slots('removing') },
    free: slots('free'),
    in_line: metricOf(metrics, 'tmpfleet_line_waiting') ?? 0,
  };
}

/** Of all series of a metric; undefined where there is none. */
export function metricOf(metrics, name) {
  const found = [...metrics.matchAll(new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)$`, 'gm'))];
  return found.length === 0 ? undefined : found.reduce((sum, [, value]) => sum + Number(value), 0);
}

/** `8m`, `30s` */
export function milliseconds(text) {
  const [, number, unit] = /^(\d+)(m|s)$/.exec(text);
  return Number(number) * (unit === 'm' ? 60_000 : 1_000);
}

function round(number) {
  return Math.round(10 * number) / 10;
}
