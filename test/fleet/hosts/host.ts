// A host of a fleet: a network namespace with a Docker Engine and a node-agent, which tests kill and cut off.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LABELS } from '../../../node-agent/engine/docker/names.ts';
import { nodeStatsSchema } from '../../../shared/protocol/wire.ts';
import { type DockerLab, startDocker } from '../../lab/docker/docker.ts';
import { importTiny, TINY_COMMAND } from '../../lab/images/images.ts';
import { TINY_SERVER } from '../../lab/images/tiny-image.ts';
import { run as runProgram } from '../../lab/run.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';

const PORT = '8000';
const CONTROL_PORT = '10000';
const TOKEN = 'the-token-of-a-fleet-of-hosts';

export const SECRET = 'the-secret-of-a-fleet-of-hosts';
export const UP_MS = 120_000;

export interface HostOptions {
  readonly name: string;
  readonly front: string;
  /** `local` where the machine has too few cores for more containers. */
  readonly engine: 'docker' | 'local';
  readonly capacity: number;
  readonly warm: number;
  readonly flags?: readonly string[];
}

const sandboxesSchema = z.array(z.object({ id: z.string(), state: z.string() }));

/** The packets that are dropped at a host that is cut off, both ways. */
const CUT = [
  ['INPUT', '-i', 'machine0', '-j', 'DROP'],
  ['OUTPUT', '-o', 'machine0', '-j', 'DROP'],
];

export class Host {
  readonly name: string;
  readonly url: string;
  readonly #options: HostOptions;
  readonly #lab: DockerLab;
  readonly #dataDir: string;
  #agent: Run | undefined;

  private constructor(options: HostOptions, lab: DockerLab) {
    this.name = options.name;
    this.url = `http://${lab.address}:${PORT}`;
    this.#options = options;
    this.#lab = lab;
    this.#dataDir = mkdtempSync(join(lab.dir, 'agent-'));
  }

  /** The host with its agent, running. */
  static async start(options: HostOptions): Promise<Host> {
    const host = new Host(options, await startDocker({ network: 'own' }));
    try {
      if (options.engine === 'docker') await importTiny(host.#lab);
      await host.startAgent();
      return host;
    } catch (error) {
      await host.stop();
      throw error;
    }
  }

  async startAgent(): Promise<void> {
    const { name, front, engine, capacity, warm, flags = [] } = this.#options;
    const { address = '', enter } = this.#lab;
    const args = [
      ...['node-agent', '--node-id', name, '--front-url', front, '--log-format', 'json', '--ephemeral'],
      ...['--capacity', String(capacity), '--warm', String(warm), '--data-dir', this.#dataDir],
      ...['--host', address, '--port', PORT, '--control-host', address, '--control-port', CONTROL_PORT],
      ...this.#engineFlags(engine),
      ...flags,
    ];
    const agent = tmpfleet(args, { TMPFLEET_SECRET: SECRET, TMPFLEET_CONTROL_TOKEN: TOKEN }, enter);
    this.#agent = agent;
    await agent.printed(/"node-agent is up"/, UP_MS);
  }

  #engineFlags(engine: HostOptions['engine']): readonly string[] {
    if (engine === 'docker') {
      const image = ['--image', 'tmpfleet-lab/tiny:latest', '--pull', 'never'];
      return ['--engine', 'docker', '--docker-host', this.#lab.host, ...image, '--command', TINY_COMMAND];
    }
    const command = `${process.execPath} ${TINY_SERVER} --base-path /{base_path} --port {port} --ip {ip}`;
    return ['--engine', 'local', '--unsafe-listen', '--command', command];
  }

  /** kill -9: the agent writes, sends and closes nothing more. */
  async killAgent(): Promise<void> {
    this.#agent?.process.kill('SIGKILL');
    await this.#agent?.ended;
  }

  /** SIGTERM; ephemeral, so that its sandboxes go too. */
  async stopAgent(): Promise<void> {
    await this.#agent?.stop();
  }

  get agentOutput(): string {
    return this.#agent?.output() ?? '';
  }

  async stats() {
    const { fleet } = nodeStatsSchema.parse(await (await fetch(`${this.url}/stats`)).json());
    if (fleet === undefined) throw new Error(`${this.name} reports no fleet object`);
    return fleet;
  }

  async whole(): Promise<void> {
    await until(
      `${this.name} is warm`,
      async () => {
        const { warm, starting, held, removing, capacity } = await this.stats();
        const target = Math.min(this.#options.warm, capacity - held);
        return warm >= target && starting === 0 && removing === 0;
      },
      90_000,
    );
  }

  /** The sandboxes in the node's report. */
  async sandboxes(): Promise<z.infer<typeof sandboxesSchema>> {
    return sandboxesSchema.parse(await (await this.control('GET', '/api/sandboxes')).json());
  }

  control(method: string, path: string, body?: object): Promise<Response> {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    const headers = { authorization: `Bearer ${TOKEN}` };
    return fetch(`${this.url.replace(`:${PORT}`, `:${CONTROL_PORT}`)}${path}`, { method, headers, ...given });
  }

  /** The sandboxes in its engine, whatever the agent reports. */
  async containers(): Promise<readonly string[]> {
    const filters = JSON.stringify({ label: [LABELS.sandbox] });
    const containers = await this.#lab.client.listContainers({ all: true, filters });
    return containers.map(({ Labels, Id }) => Labels[LABELS.sandbox] ?? Id);
  }

  /** As if its cable was pulled: no packet to it or from it arrives. */
  async cutOff(): Promise<void> {
    for (const rule of CUT) await this.#iptables('-I', ...rule);
  }

  async heal(): Promise<void> {
    for (const rule of CUT) await this.#iptables('-D', ...rule);
  }

  async #iptables(...args: readonly string[]): Promise<void> {
    const [program = '', ...rest] = [...this.#lab.enter, 'iptables', '-w', ...args];
    await runProgram(program, rest);
  }

  /** Docker's containers end with the engine; the agent ends the local engine's sandboxes itself. */
  async stop(): Promise<void> {
    if (this.#options.engine === 'local') await this.stopAgent();
    else await this.killAgent();
    await this.#lab.stop();
  }
}
