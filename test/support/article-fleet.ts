// A fleet over https, and an article on another site that shows it: what a publisher's reader has before them.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request as httpRequest, type ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { type FleetReport, nodeStatsSchema } from '../../shared/protocol/wire.ts';
import { Authority } from '../lab/debian/authority.ts';
import { tmpfleet } from './tmpfleet.ts';
import { until } from './until.ts';

/** Names as of a real service: the front and its nodes are one site for a browser, and each journal is another. */
const FRONT = 'try.tmpfleet.test';
const NODES = ['node1.tmpfleet.test', 'node2.tmpfleet.test'] as const;
const ARTICLE = 'www.example-journal.test';
const STRANGER = 'www.another-journal.test';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Runs a program that finds these names at this machine: with a hosts file of its own, because no DNS server knows them. */
const IN_OWN_MOUNTS = ['unshare', '--mount', ...(process.getuid?.() === 0 ? [] : ['--map-root-user'])];
const WITH_HOSTS = ['sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"'];

export interface ArticleFleetOptions {
  readonly nodes?: number;
  /** Of each node-agent. */
  readonly nodeFlags: readonly string[];
  /** Sandboxes that each node keeps warm. */
  readonly warm: number;
  /** Whether scripts of the article may ask for sandboxes (`--allow-origin`). */
  readonly allowScripts?: boolean;
}

export class ArticleFleet {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tmpfleet-article-'));
  readonly #hosts = join(this.#dir, 'hosts');
  readonly #servers: Server[] = [];
  readonly #runs: { stop(): Promise<unknown> }[] = [];
  readonly #nodesAtHome: string[] = [];
  #authority: Authority | undefined;
  /** https, as its readers reach it. */
  front = '';
  /** The same, past the terminator. */
  frontAtHome = '';
  readonly nodes: string[] = [];
  /** The site that may show notebooks. */
  article = '';
  /** A site that may not. */
  stranger = '';
  /** What both sites show. */
  html = '';
  /** Directories that both sites serve, by the first part of the path. */
  readonly folders = new Map<string, string>();

  static async start({
    nodes = 1,
    nodeFlags,
    warm,
    allowScripts,
  }: ArticleFleetOptions): Promise<ArticleFleet> {
    const fleet = new ArticleFleet();
    fleet.#authority = await Authority.create(join(fleet.#dir, 'ca'));
    writeFileSync(fleet.#hosts, `127.0.0.1 localhost ${FRONT} ${NODES.join(' ')}\n`);
    const site = (host: string): Promise<string> => fleet.#terminate(host, () => '');
    [fleet.article, fleet.stranger] = await Promise.all([site(ARTICLE), site(STRANGER)]);
    const scripts = allowScripts === true ? ['--allow-origin', fleet.article] : [];
    fleet.front = await fleet.#terminate(FRONT, () => fleet.frontAtHome);
    // Suites side by side share an engine, where a node takes what has its name for its own.
    const prefix = `article-${randomBytes(3).toString('hex')}`;
    for (const [index, host] of NODES.slice(0, nodes).entries()) {
      fleet.nodes.push(await fleet.#terminate(host, () => fleet.#nodesAtHome[index] ?? ''));
      const agent = ['node-agent', '--node-id', `${prefix}-${index + 1}`, '--front-url', fleet.front];
      const [url] = await fleet.#run(`node${index + 1}`, [...agent, ...scripts, ...nodeFlags]);
      fleet.#nodesAtHome.push(url);
    }
    fleet.frontAtHome = await fleet.startFront('front', scripts);
    const available = async (): Promise<number> =>
      nodeStatsSchema.parse(await (await fetch(`${fleet.frontAtHome}/stats`)).json()).available;
    await until(
      'all are warm, and the front knows',
      async () => (await available()) === warm * nodes,
      60_000,
    );
    for (const url of fleet.#nodesAtHome)
      await until('the node has learnt who may show it', async () =>
        (await fetch(`${url}/info`)).headers.get('content-security-policy')?.includes(fleet.articlePattern),
      );
    return fleet;
  }

  /** How the front lists the article's site: by a pattern, so that only a browser's word makes a press of a POST. */
  get articlePattern(): string {
    return this.article.replace(/:\d+$/, ':*');
  }

  /** Another front of the fleet. @returns its address at home */
  async startFront(name: string, flags: readonly string[] = []): Promise<string> {
    const trusted = { NODE_EXTRA_CA_CERTS: this.#authority?.ca ?? '' };
    const embed = ['--embed-origins', this.articlePattern];
    const [url, control] = await this.#run(name, ['redirector', ...embed, ...flags], trusted);
    for (const node of this.nodes) {
      const body = JSON.stringify({ url: node, probe: false });
      const { status } = await fetch(`${control}/api/nodes`, { method: 'POST', body });
      if (status !== 201) throw new Error(`the front does not take ${node}: ${status}`);
    }
    return url;
  }

  /** A program behind TLS. @returns its https address */
  terminate(target: string): Promise<string> {
    return this.#terminate(FRONT, () => target);
  }

  /** Each node's report. */
  async reports(): Promise<readonly FleetReport[]> {
    return Promise.all(
      this.#nodesAtHome.map(async (url) => {
        const { fleet } = nodeStatsSchema.parse(await (await fetch(`${url}/stats`)).json());
        if (fleet === undefined) throw new Error(`${url} reports no fleet`);
        return fleet;
      }),
    );
  }

  /** Sandboxes that were claimed, and that are held now. */
  async spent(): Promise<readonly [claims: number, held: number]> {
    const all = await this.reports();
    return [all.reduce((sum, { claims }) => sum + claims, 0), all.reduce((sum, { held }) => sum + held, 0)];
  }

  get nodeAtHome(): string {
    return this.#nodesAtHome[0] ?? '';
  }

  /** Shows a page at the site of the article, or at another, in a tab. */
  async open(browser: Browser | BrowserContext, html: string, site = this.article): Promise<Page> {
    this.html = html;
    const context = 'newContext' in browser ? await browser.newContext({ ignoreHTTPSErrors: true }) : browser;
    const tab = await context.newPage();
    await tab.goto(site, { waitUntil: 'networkidle' });
    return tab;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#runs.map((run) => run.stop()));
    for (const server of this.#servers) {
      server.closeAllConnections();
      server.close();
    }
    rmSync(this.#dir, { recursive: true, force: true });
  }

  async #run(
    name: string,
    args: readonly string[],
    env = {},
  ): Promise<readonly [url: string, control: string]> {
    const common = ['--host', '127.0.0.1', '--port', '0', '--control-port', '0', '--log-format', 'json'];
    const dataDir = ['--trust-proxy', '--data-dir', join(this.#dir, name)];
    const secret = { TMPFLEET_SECRET: 'the-secret-of-the-visited-fleet' };
    const enter = [...IN_OWN_MOUNTS, ...WITH_HOSTS, this.#hosts];
    const run = tmpfleet([...args, ...common, ...dataDir], { ...secret, ...env }, enter);
    this.#runs.push(run);
    const printed = await run.printed(/"url":"(http:[^"]+)","control":"(http:[^"]+)"/, 60_000);
    return [printed[1] ?? '', printed[2] ?? ''];
  }

  #showSite(path: string, response: ServerResponse): void {
    const [, folder = '', file = ''] = /^\/([^/]+)\/([\w.-]+)$/.exec(path) ?? [];
    const dir = this.folders.get(folder);
    const isFile = dir !== undefined && existsSync(join(dir, file));
    const type = TYPES[isFile ? extname(file) : '.html'] ?? 'application/octet-stream';
    response.writeHead(200, { 'content-type': type });
    response.end(isFile ? readFileSync(join(dir, file)) : this.html);
  }

  /** Its address is known before the program's is. Where there is no program, it shows `html`. */
  async #terminate(host: string, target: () => string): Promise<string> {
    const { key, cert } = await (this.#authority ?? (await Authority.create(this.#dir))).issue(host);
    const server = createServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (incoming, response) => {
        if (target() === '') {
          this.#showSite(incoming.url ?? '/', response);
          return;
        }
        const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' };
        const passed = httpRequest(
          `${target()}${incoming.url}`,
          { method: incoming.method, headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
            answer.pipe(response);
          },
        );
        passed.on('error', () => response.destroy());
        incoming.pipe(passed);
      },
    );
    server.on('upgrade', (incoming, socket, head) => {
      const headers = { ...incoming.headers, 'x-forwarded-proto': 'https', 'x-forwarded-for': '192.0.2.7' };
      const passed = httpRequest(`${target()}${incoming.url}`, { headers });
      passed.on('upgrade', (answer, upstream, first) => {
        const lines = answer.rawHeaders.map((part, index) => (index % 2 === 0 ? `${part}: ` : `${part}\r\n`));
        socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`);
        upstream.unshift(first);
        socket.unshift(head);
        upstream.pipe(socket).pipe(upstream);
        for (const end of [upstream, socket])
          end.on('error', () => [upstream, socket].map((each) => each.destroy()));
      });
      passed.on('response', () => socket.destroy());
      passed.on('error', () => socket.destroy());
      passed.end();
    });
    this.#servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    return `https://${host}:${typeof address === 'object' ? address?.port : 0}`;
  }
}
