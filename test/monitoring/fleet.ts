// A real fleet in use: two nodes, two fronts, and their metrics.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import { bounce, SECRET } from '../redirector/support.ts';
import { startDemo } from '../support/demo.ts';
import { NAVIGATION, Reader } from '../support/reader.ts';
import { tmpfleet } from '../support/tmpfleet.ts';
import { until } from '../support/until.ts';

export interface UsedFleet {
  /** Addresses of the control listeners. */
  readonly front: string;
  readonly otherFront: string;
  readonly node: string;
  stop(): Promise<void>;
}

/** Sends a reader, a program, and a reader whom a node sent back. */
export async function startUsedFleet(): Promise<UsedFleet> {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-monitoring-'));
  const demo = startDemo(['--engine', 'local', '--capacity', '2', '--warm', '1']);
  const front = await demo.front();
  const { nodes }: { nodes: readonly { id: string; url: string }[] } = JSON.parse(
    await (await fetch(`${demo.control()}/api/nodes`)).text(),
  );
  const other = tmpfleet(
    [
      ...['redirector', '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
      ...['--data-dir', dir, '--log-format', 'json', '--nodes', nodes.map(({ url }) => url).join(',')],
    ],
    { TMPFLEET_SECRET: SECRET },
  );
  const stop = async (): Promise<void> => {
    await Promise.all([other.stop(), demo.end()]);
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const [, url = '', control = ''] = await other.printed(
      /"url":"(http:[^"]+)","control":"(http:[^"]+)".*redirector is up/,
    );
    await new Reader().click(`${front}/tree`);
    await fetch(`${front}/api/spawn`, { method: 'POST' });
    const paths = ['/tree', `/tree?ticket=${encodeURIComponent(bounce({ node: nodes[0]?.id ?? '' }))}`];
    for (const path of paths) await until('it redirects', async () => (await redirected(url + path)) === 302);
    return {
      front: demo.control(),
      otherFront: control,
      node: demo.nodeControl(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function redirected(url: string): Promise<number> {
  // Not by `fetch`, which says of itself that it does not navigate.
  const answer = await request(url, { headers: NAVIGATION, reset: true });
  await answer.body.dump();
  return answer.statusCode;
}

export async function scrape(control: string): Promise<string> {
  return (await fetch(`${control}/metrics`)).text();
}

/** Names of all samples in it. */
export function namesIn(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => /^([a-z]\w*)[{ ]/.exec(line)?.[1] ?? []);
}
