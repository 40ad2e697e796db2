// A node whose sandboxes run static-server.mjs, and its readers.
import { readFileSync } from 'node:fs';
import { request as ask, type IncomingHttpHeaders } from 'node:http';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { TestAgent } from './agent.ts';
import { Reader } from './reader.ts';
import { until } from './until.ts';

const SERVER = fileURLToPath(new URL('static-server.mjs', import.meta.url));

/** For `--command`, where this file is. */
export const STATIC_COMMAND = `'${process.execPath}' ${SERVER} /{base_path}/ {ip} {port}`;

/** For `--command`, in a container that has nothing but node. */
export function staticCommandInside(): string {
  const text = readFileSync(SERVER, 'utf8').replaceAll("'", `'\\''`);
  return `node --input-type=module -e '${text}' -- /{base_path}/ {ip} {port}`;
}

/** The address of a file of that server which has a hash in its name. */
export const hashed = (name: string): string => `static/${name}.0a1b2c3d4e5f.js`;

export interface StaticAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the node's memory answered: only then there is an `Age`. */
  readonly isFromMemory: boolean;
}

/** A reader with a sandbox of their own. */
export class StaticReader {
  readonly id: string;
  readonly #base: string;
  readonly #cookie: string;

  private constructor(id: string, base: string, cookie: string) {
    this.id = id;
    this.#base = base;
    this.#cookie = cookie;
  }

  static async arrive(agent: Pick<TestAgent, 'url'>): Promise<StaticReader> {
    const landed = await new Reader().click(`${agent.url}/spawn/`);
    expect(landed.status).toBe(200);
    const id = landed.sandbox ?? '';
    return new StaticReader(id, new URL(`/user/${id}/`, landed.url).href, landed.own.cookie);
  }

  get(path: string, headers: Readonly<Record<string, string>> = {}, method = 'GET'): Promise<StaticAnswer> {
    return fetchRaw(`${this.#base}${path}`, { cookie: this.#cookie, ...headers }, method);
  }

  /** Asks, and leaves when the answer begins, or after half a second. */
  async begin(path: string): Promise<void> {
    const leaving = AbortSignal.timeout(500);
    const answer = await fetch(`${this.#base}${path}`, {
      headers: { cookie: this.#cookie },
      signal: leaving,
    }).catch(() => undefined);
    await answer?.body?.cancel();
  }

  /** Has their own sandbox answer something else. */
  async tell(path: string, answer: object): Promise<void> {
    const body = JSON.stringify({ [path]: answer });
    const headers = { cookie: this.#cookie, 'content-length': String(Buffer.byteLength(body)) };
    expect((await fetchRaw(`${this.#base}tell`, headers, 'POST', body)).status).toBe(200);
  }

  /** How often their own sandbox was asked for that file. */
  async asked(path: string): Promise<number> {
    const counts: Record<string, number> = JSON.parse((await this.get('asked')).body.toString());
    return counts[path] ?? 0;
  }

  /** Asks until the memory answers. */
  untilLearnt(path: string, headers: Readonly<Record<string, string>> = {}): Promise<StaticAnswer> {
    return until(`${path} comes from memory`, async () => {
      const answer = await this.get(path, headers);
      return answer.isFromMemory && answer;
    });
  }
}

/** As it comes, without any decoding. */
export function fetchRaw(
  url: string,
  headers: Readonly<Record<string, string>>,
  method = 'GET',
  body = '',
): Promise<StaticAnswer> {
  return new Promise((resolve, reject) => {
    const asking = ask(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('error', reject);
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () =>
        resolve({
          ...{ status: answer.statusCode ?? 0, headers: answer.headers, body: Buffer.concat(chunks) },
          isFromMemory: answer.headers.age !== undefined,
        }),
      );
    });
    asking.on('error', reject);
    asking.end(body);
  });
}

/** A count or a size that the node shows, such as `requests_total{result="hit"`. */
export async function staticMetric(agent: Pick<TestAgent, 'controlUrl'>, name: string): Promise<number> {
  const text = await (await fetch(`${agent.controlUrl}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`tmpfleet_static_cache_${name}`));
  return Number(line?.split(' ').at(-1));
}
