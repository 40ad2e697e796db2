// The front of a fleet of hosts: a redirector process outside all of them.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeJson, nodesSchema } from '../../../shared/api/node.ts';
import { type Run, tmpfleet } from '../../support/tmpfleet.ts';
import { until } from '../../support/until.ts';
import { type Host, SECRET, UP_MS } from './host.ts';

interface Seen {
  readonly reachability?: string;
  readonly state?: string;
  readonly schedulable?: boolean;
}

export class Front {
  readonly url: string;
  readonly #control: string;
  readonly #run: Run;
  readonly #dataDir: string;

  private constructor(run: Run, dataDir: string, [, url = '', control = '']: readonly string[]) {
    this.#run = run;
    this.#dataDir = dataDir;
    this.url = url;
    this.#control = control;
  }

  static async start(flags: readonly string[]): Promise<Front> {
    const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-front-'));
    const run = tmpfleet(
      [
        ...['redirector', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
        ...['--data-dir', dataDir, '--log-format', 'json', ...flags],
      ],
      { TMPFLEET_SECRET: SECRET },
    );
    return new Front(run, dataDir, await run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/, UP_MS));
  }

  /** Adds a host as an operator does, with its own name. */
  async add({ name, url }: Host): Promise<void> {
    const answer = await this.#ask('POST', '/api/nodes', { id: name, url, probe: false });
    if (answer.status !== 201) throw new Error(`not added: ${answer.status} ${await answer.text()}`);
  }

  async retire({ name }: Host): Promise<void> {
    const answer = await this.#ask('DELETE', `/api/nodes/${name}`);
    if (answer.status !== 200) throw new Error(`not removed: ${answer.status} ${await answer.text()}`);
  }

  async nodes(): Promise<readonly NodeJson[]> {
    return nodesSchema.parse(await (await this.#ask('GET', '/api/nodes')).json()).nodes;
  }

  /** Waits until the front shows a host as expected. */
  async sees(host: Host, expected: Seen, ms = 60_000): Promise<void> {
    await until(
      `the front sees ${host.name} as ${JSON.stringify(expected)}`,
      async () => {
        const node = (await this.nodes()).find(({ id }) => id === host.name);
        if (node === undefined) throw new Error('it is not there');
        const fits = Object.entries(expected).every(([key, value]) => Reflect.get(node, key) === value);
        // The cause in the error if it never fits.
        if (!fits) throw new Error(JSON.stringify(node));
        return true;
      },
      ms,
    );
  }

  async stop(): Promise<void> {
    await this.#run.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  #ask(method: string, path: string, body?: object): Promise<Response> {
    const given = body === undefined ? {} : { body: JSON.stringify(body) };
    return fetch(`${this.#control}${path}`, { method, ...given });
  }
}
