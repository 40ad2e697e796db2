// One node of the bench: warm sandboxes of an image, primed or not, and clicks at it.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tmpfleet } from '../common/fleet.mjs';

/** What is counted from the click, or is a step between. As `tmpfleet load` calls them. */
const STEPS = ['claim', 'page', 'session', 'websocket', 'kernel', 'output', 'first_output'];

export class ReaderNode {
  #fleet;
  #address;
  #path;
  #reports = 0;

  /** @param size its warm sandboxes @param prime whether the kernel of the notebook at `path` runs before the click */
  constructor(fleet, { url, controlUrl, name, size, path }) {
    this.#fleet = fleet;
    this.#address = { url, controlUrl };
    this.#path = path;
    this.name = name;
    this.size = size;
  }

  static async start(fleet, { name, size, path, image, command, dockerHost, prime }) {
    const engine =
      image === undefined
        ? ['--command', command]
        : ['--engine', 'docker', '--image', image, '--pull', 'never'];
    if (dockerHost !== undefined) engine.push('--docker-host', dockerHost);
    const pool = ['--capacity', String(size), '--warm', 'all', '--lease', '30m', '--client-sandboxes', '0'];
    const limits = ['--client-arrivals', '0', '--min-free-memory', '512m'];
    const notebook = path.replace(/^(?:notebooks|lab\/tree)\//, '');
    const node = await fleet.startNode(name, [
      ...[...engine, ...pool, ...limits, '--concurrent-starts', '3'],
      ...(prime ? ['--prime', notebook] : []),
    ]);
    return new ReaderNode(fleet, { ...node, name, size, path });
  }

  /** What a reader clicks. */
  get url() {
    return `${this.#address.url}/${this.#path}`;
  }

  untilWarm() {
    return this.#fleet.untilFree(this.#address.url, this.size);
  }

  /** Ends the sandboxes that readers have. */
  async giveBack() {
    const { controlUrl } = this.#address;
    const all = await (await fetch(`${controlUrl}/api/sandboxes`)).json();
    for (const { id, state } of all)
      if (state === 'claimed' || state === 'active')
        await fetch(`${controlUrl}/api/sandboxes/${id}`, { method: 'DELETE' });
  }

  /**
   * Readers without a browser, who ask what the page asks and run the cell.
   * @param over the time within which they come, evenly
   * @returns the path of the report of `tmpfleet load`
   */
  async visit(readers, over) {
    const much = ['--readers', String(readers), '--for', over, '--spacing', 'even'];
    const reader = ['--page', 'none', '--stay', '0s', '--vanish', '0', '--code', 'print(6 * 7)'];
    const { stdout } = await tmpfleet(['load', this.url, ...much, ...reader, '--json']);
    const path = join(this.#fleet.dir, `${this.name}-${this.#reports++}.json`);
    writeFileSync(path, stdout);
    return path;
  }
}

/** What several reports come to: `{step: {count, p50_ms, p99_ms}}`. */
export async function joined(paths) {
  const { stdout } = await tmpfleet(['load', '--join', ...paths, '--json']);
  for (const path of paths) rmSync(path);
  const { steps, readers } = JSON.parse(stdout);
  return {
    readers,
    steps: Object.fromEntries(STEPS.filter((step) => steps[step]).map((step) => [step, steps[step]])),
  };
}
