// A fleet of hosts in network namespaces of their own, behind one front, with readers who stay.
import { Front } from './front.ts';
import { Holder } from './holder.ts';
import { Host, type HostOptions } from './host.ts';

export interface FleetSettings {
  /** Flags of the front. */
  readonly front: readonly string[];
  /** One a host. At most one of them runs Docker: the local engine is quicker, and two cores cannot carry more. */
  readonly engines: readonly HostOptions['engine'][];
  readonly capacity: number;
  readonly warm: number;
}

export class HostFleet {
  readonly front: Front;
  readonly hosts: Host[] = [];
  readonly holders: Holder[] = [];
  readonly #settings: FleetSettings;

  private constructor(front: Front, settings: FleetSettings) {
    this.front = front;
    this.#settings = settings;
  }

  /** All hosts are connected, and readers may be sent to each: `host0`, `host1` … */
  static async start(settings: FleetSettings): Promise<HostFleet> {
    const fleet = new HostFleet(await Front.start(settings.front), settings);
    const { front, hosts } = fleet;
    hosts.push(
      ...(await Promise.all(settings.engines.map((engine, n) => fleet.startHost(`host${n}`, engine)))),
    );
    await Promise.all(hosts.map((host) => host.whole()));
    for (const host of hosts) await front.add(host);
    for (const host of hosts) await front.sees(host, { schedulable: true });
    return fleet;
  }

  /** Another host, unknown to the front. */
  startHost(name: string, engine: HostOptions['engine']): Promise<Host> {
    const { capacity, warm } = this.#settings;
    return Host.start({ name, front: this.front.url, engine, capacity, warm });
  }

  /** This many readers arrive together and stay until the end. */
  async arrive(count: number): Promise<void> {
    const arriving = Array.from({ length: count }, () => Holder.arrive(this.front.url));
    this.holders.push(...(await Promise.all(arriving)));
  }

  async stop(): Promise<void> {
    for (const holder of this.holders) holder.leave();
    await this.front.stop();
    await Promise.all(this.hosts.map((host) => host.stop()));
  }
}
