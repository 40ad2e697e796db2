// `tmpfleet demo`: a redirector and some nodes as processes of their own on this machine, until Ctrl-C.

import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import got from 'got';
import { nodeAgentOptions } from '../../node-agent/config.ts';
import type { EngineKind } from '../../node-agent/engine/engine.ts';
import { choice, flag, integer, option, port, text } from '../../shared/config/option.ts';
import { spellCount } from '../../shared/config/units.ts';
import { FleetError } from '../../shared/errors.ts';
import { formatNodeKey } from '../../shared/protocol/node-key.ts';
import { addOptions, readOptions } from '../server/options.ts';
import { EXIT, reportFailure } from '../terminal/exit.ts';
import { SIGNS } from '../terminal/signs.ts';
import { type Article, serveArticle } from './article.ts';
import { type Child, type ChildSpec, keepRunning } from './child.ts';
import { watchFailedStarts } from './failed-starts.ts';
import { chooseOpening, type Opening } from './figure.ts';
import { showProgress } from './progress.ts';
import { whatToTry } from './what-to-try.ts';

const demoOptions = {
  nodes: option(integer(1, 32), 2, 'number of nodes'),
  capacity: option(nodeAgentOptions.capacity.kind, 4, 'slots of each node'),
  warm: option(integer(0, 1000), 2, 'sandboxes each node keeps ready'),
  engine: option(
    choice(['auto', 'docker', 'local']),
    'auto',
    'what runs the sandboxes; auto is docker where Docker answers, else local',
  ),
  image: option(text('image', 'a Docker image'), '', 'image from which sandboxes are created; means Docker'),
  command: option(
    text('command', 'a command line'),
    '',
    'command line of a sandbox; {base_path}, {port}, {ip} and {token} are replaced by its values; scratchpad is a small program of ours, which needs no Jupyter',
  ),
  idle: option(
    text('time', 'a time such as 10m'),
    '10m',
    'remove a sandbox that has not been used for this long',
  ),
  ownOrigin: option(
    flag(),
    true,
    'give each sandbox a host name of its own below localhost, which browsers resolve by themselves; not every Safari does',
  ),
  port: option(
    port(),
    9000,
    'port of the front; its control listener uses the next one, and the article the one after that, if it is free',
  ),
};

const ENGINE_WORDS: Readonly<Record<EngineKind, string>> = {
  docker: 'Sandboxes are hardened containers on Docker.',
  local:
    'Sandboxes are processes of yours on loopback, isolated from nothing (with Docker they would be containers).',
};

type DemoConfig = ReturnType<typeof readOptions<typeof demoOptions>>['config'];

export function addDemoCommand(command: Command): void {
  addOptions(command, demoOptions)
    .addHelpText(
      'after',
      `
All that the demo starts is removed when it stops: processes, containers, networks, files.
With the local engine, sandboxes are processes of your user on loopback, without any isolation.`,
    )
    .action(async () => {
      try {
        const { config, printed } = readOptions(demoOptions, command, process.env);
        if (printed !== undefined) process.stdout.write(printed);
        else process.exitCode = await runDemo(config);
      } catch (error) {
        process.exitCode = reportFailure(error);
      }
      process.exit();
    });
}

async function runDemo(config: DemoConfig): Promise<number> {
  const stop = new AbortController();
  let ready = false;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort(signal));
  if (config.warm > config.capacity) {
    throw new FleetError(
      'bad-config',
      `warm: ${config.warm} is more than the capacity, which is ${config.capacity}`,
    );
  }
  const engine = await chooseEngine(config);
  // A terminal that was closed takes no words any more; that must not keep the demo from cleaning up.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const dir = await mkdtemp(join(tmpdir(), 'tmpfleet-demo-'));
  const children: Child[] = [];
  let article: Article | undefined;
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  try {
    const launch = async (spec: ChildSpec): Promise<Child> => {
      const child = keepRunning(spec, say);
      children.push(child);
      await child.ready;
      return child;
    };
    const secret = randomBytes(32).toString('hex');
    say(ENGINE_WORDS[engine]);
    say(`Starting a front and ${spellCount(config.nodes, 'node')} ${SIGNS.more}`);
    article = await serveArticle(config.port === 0 ? 0 : config.port + 2);
    const front = await launch(redirectorSpec({ config, dir, secret, article }));
    const { url, controlUrl } = front.addresses();
    const opening = await chooseOpening(config, engine, dir);
    article.embed(url, opening.path);
    const nodes = Array.from({ length: config.nodes }, (_, index) =>
      nodeSpec({ config, engine, dir, secret, url, index, opening }),
    );
    const started = await Promise.all(nodes.map(launch));
    for (const node of started) await register(controlUrl, node);
    const failedStarts = watchFailedStarts({
      nodes: started,
      runs: opening.runs,
      mayFallBack: engine === 'local' && config.command === '',
    });
    await showProgress({
      ...{ frontUrl: url, nodes: started, warm: config.warm },
      ...{ signal: stop.signal, fatal: anyFailed(children) },
      explain: failedStarts.explain,
    });
    ready = !stop.signal.aborted;
    const { ownOrigin } = config;
    // Where Jupyter did not start, the scratchpad has no such page.
    const path = failedStarts.hasGivenUp() ? '/' : opening.path;
    article.embed(url, path);
    if (ready) say(whatToTry({ url, controlUrl, article, nodes: started, ownOrigin, path }));
    await Promise.race([aborted(stop.signal), anyFailed(children)]);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  } finally {
    say(`\nStopping: taking away ${spellCount(children.length, 'process')} and every sandbox ${SIGNS.more}`);
    const clean = await Promise.all(children.map((child) => child.stop()));
    const stuck = children.filter((_, index) => clean[index] === false).map(({ name }) => name);
    await article?.close();
    await rm(dir, { recursive: true, force: true });
    if (stuck.length === 0) say('Nothing is left behind.');
    else
      say(
        `${stuck.join(', ')} had to be killed: look for containers with the label tmpfleet.node, or for processes of yours.`,
      );
  }
  return ready ? EXIT.ok : EXIT.interrupted;
}

interface FrontPlace {
  readonly config: DemoConfig;
  readonly dir: string;
  readonly secret: string;
  readonly article: Article;
}

function redirectorSpec({ config, dir, secret, article }: FrontPlace): ChildSpec {
  return {
    name: 'redirector',
    args: [
      ...['redirector', '--host', '127.0.0.1', '--port', String(config.port)],
      ...['--control-port', String(config.port === 0 ? 0 : config.port + 1)],
      ...['--data-dir', join(dir, 'redirector'), '--poll-interval', '1s'],
      ...['--embed-origins', article.url],
    ],
    env: { TMPFLEET_SECRET: secret },
    log: join(dir, 'redirector.log'),
    script: SCRIPT,
  };
}

interface NodePlace {
  readonly config: DemoConfig;
  readonly engine: EngineKind;
  readonly dir: string;
  readonly secret: string;
  readonly url: string;
  readonly index: number;
  readonly opening: Opening;
}

function nodeSpec({ config, engine, dir, secret, url, index, opening }: NodePlace): ChildSpec {
  // The front's port is in the name: two demos on one Docker must not take each other's containers for orphans.
  const name = `demo-${new URL(url).port}-${index + 1}`;
  const given = (flag: string, value: string): readonly string[] => (value === '' ? [] : [flag, value]);
  return {
    name,
    args: [
      ...['node-agent', '--node-id', name, '--host', '127.0.0.1', '--port', '0', '--control-port', '0'],
      ...['--data-dir', join(dir, name), '--front-url', url, '--engine', engine, '--ephemeral'],
      ...['--capacity', String(config.capacity), '--warm', String(config.warm), '--idle', config.idle],
      ...given('--image', config.image),
      ...given('--command', config.command),
      ...opening.args,
      ...given('--sandbox-domain', config.ownOrigin ? 'localhost' : ''),
      ...['--title', 'A notebook of the tmpfleet demo'],
    ],
    env: { TMPFLEET_NODE_KEY: formatNodeKey([secret], name) },
    log: join(dir, `${name}.log`),
    script: SCRIPT,
  };
}

const SCRIPT = fileURLToPath(new URL('../main.js', import.meta.url));

/**
 * The engine is loaded when it is needed: see cli/main.ts.
 *
 * @throws FleetError `engine-unavailable` where Docker is asked for, and does not answer: before anything is started
 */
async function chooseEngine({ engine, image, command }: DemoConfig): Promise<EngineKind> {
  const engines = await import('../../node-agent/engine/index.ts');
  const docker = { dockerHost: '', dockerCertPath: '' };
  const { kind } = await engines.chooseEngine(
    { engine, command, image: image || nodeAgentOptions.image.default, ...docker },
    process.env,
  );
  const failure = kind === 'docker' ? await engines.whyNoDocker(docker, process.env) : undefined;
  if (failure === undefined) return kind;
  throw new FleetError('engine-unavailable', failure.message, {
    cause: failure,
    remedy: 'start Docker; or, without --image, --engine local needs none',
  });
}

async function register(controlUrl: string, node: Child): Promise<void> {
  const answer = await got.post(`${controlUrl}/api/nodes`, {
    // Unseen: we have just started it ourselves, and a machine that is busy with that may answer late.
    json: { url: node.addresses().url, id: node.name, probe: false },
    throwHttpErrors: false,
  });
  if (!answer.ok) throw new FleetError('unavailable', `the front does not take ${node.name}: ${answer.body}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

/** Rejects when a child has given up for good. */
function anyFailed(children: readonly Child[]): Promise<never> {
  return Promise.race(children.map((child) => child.failed));
}
