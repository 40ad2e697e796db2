// What a node expects of every engine (node-agent/engine/engine.ts), as one suite that each implementation passes.
import { randomBytes } from 'node:crypto';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { basePath } from '../../node-agent/engine/command.ts';
import type { Address, Engine, FreezingEngine, SandboxSpec } from '../../node-agent/engine/engine.ts';
import { newSandboxId } from '../../shared/clock.ts';
import { until } from '../support/until.ts';

/** One host on which engines can be made, and inspected from outside. */
export interface EngineHost {
  /** Another engine object of a node on this host; `command` with placeholders. */
  engine(nodeId: string, command: string): FreezingEngine;
  /** Runs node inside a sandbox, as the first word of a shell command. */
  readonly node: string;
  /** Ends the sandbox's process without asking the engine. */
  kill(id: string): Promise<void>;
  /** Names of everything that the node has left on the host. */
  leftovers(nodeId: string): Promise<readonly string[]>;
}

/** Answers with its own arguments, below its base path only. No single quotes: it is quoted in a shell command. */
const ECHO = [
  'const [base, port, ip, token] = process.argv.slice(1);',
  'require("http").createServer((q, s) => {',
  '  if (q.url !== base && q.url.indexOf(base + "/") !== 0) { s.statusCode = 404; return s.end(); }',
  '  s.end(JSON.stringify({ base, token, env: process.env, cwd: process.cwd() }));',
  '}).listen(Number(port), ip);',
].join(' ');

export function echoCommand(host: EngineHost): string {
  return `${host.node} -e '${ECHO}' /{base_path} {port} {ip} {token}`;
}

export function newSpec(): SandboxSpec {
  return { id: newSandboxId(), token: newSandboxId() };
}

export interface Echo {
  readonly base: string;
  readonly token: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
}

/** The sandbox's description of itself, once it answers. */
export function askSandbox(address: Address, id: string): Promise<Echo> {
  const url = `http://${address.host}:${address.port}${basePath(id)}/`;
  return until(`${url} answers`, async () => {
    const { statusCode, body } = await request(url, { headersTimeout: 5_000 });
    const text = await body.text();
    // The echo server above wrote it.
    return statusCode === 200 && (JSON.parse(text) as Echo);
  });
}

export function engineContract(title: string, host: EngineHost): void {
  describe(title, () => {
    const used = new Set<string>();
    const opened: Engine[] = [];

    const newNode = (): string => {
      const nodeId = `contract-${randomBytes(4).toString('hex')}`;
      used.add(nodeId);
      return nodeId;
    };
    const openEngine = async (options: {
      nodeId?: string;
      command?: string;
      onExit?: (id: string) => void;
    }): Promise<FreezingEngine> => {
      const engine = host.engine(options.nodeId ?? newNode(), options.command ?? echoCommand(host));
      opened.push(engine);
      await engine.open(options.onExit ?? (() => undefined));
      return engine;
    };
    const find = async (engine: Engine, id: string) =>
      (await engine.list()).find((sandbox) => sandbox.id === id);

    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close({ purge: true });
      const left = await Promise.all([...used].map((nodeId) => host.leftovers(nodeId)));
      used.clear();
      expect(left.flat()).toEqual([]);
    });

    test('a sandbox answers below its base path at the address that start returned', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      const address = await engine.start(spec);
      expect((await askSandbox(address, spec.id)).base).toBe(`/user/${spec.id}`);
      const elsewhere = await request(`http://${address.host}:${address.port}/user/other/`);
      await elsewhere.body.dump();
      expect(elsewhere.statusCode).toBe(404);
    });

    test('the token reaches the command, and no variable of the agent’s environment does', async () => {
      process.env.TMPFLEET_SECRET_FOR_THIS_TEST = 'must not get in';
      const engine = await openEngine({});
      const spec = newSpec();
      const echo = await askSandbox(await engine.start(spec), spec.id);
      delete process.env.TMPFLEET_SECRET_FOR_THIS_TEST;
      expect(echo.token).toBe(spec.token);
      expect(echo.env.JUPYTER_TOKEN).toBe(spec.token);
      expect(Object.keys(echo.env).filter((name) => name.startsWith('TMPFLEET'))).toEqual([]);
      expect(echo.env.HOME).toBe(echo.cwd);
    });

    test('usage shows the processor time and the memory of a sandbox that runs', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      await askSandbox(await engine.start(spec), spec.id);
      const usage = await engine.usage(spec.id);
      expect(usage?.cpuMs).toBeGreaterThan(0);
      expect(usage?.memoryBytes).toBeGreaterThan(100_000);
      await engine.remove(spec.id);
      expect(await engine.usage(spec.id)).toBeUndefined();
    });

    test('two concurrent starts make two sandboxes', async () => {
      const engine = await openEngine({});
      const specs = [newSpec(), newSpec()];
      const addresses = await Promise.all(specs.map((spec) => engine.start(spec)));
      const answers = await Promise.all(
        specs.map(({ id }, index) => askSandbox(addresses[index] ?? { host: '', port: 0 }, id)),
      );
      expect(answers.map(({ token }) => token)).toEqual(specs.map(({ token }) => token));
      expect(new Set(addresses.map(({ host: name, port }) => `${name}:${port}`)).size).toBe(2);
    });

    test('list shows address, image, recipe and time of creation', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      const before = Date.now();
      const address = await engine.start(spec);
      const listed = await engine.list();
      expect(listed).toHaveLength(1);
      expect(listed[0]).toMatchObject({ id: spec.id, running: true, address, image: await engine.image() });
      expect(listed[0]?.recipe).toBe(engine.recipe);
      expect(engine.recipe).not.toBe('');
      // Docker counts whole seconds.
      expect(Math.abs((listed[0]?.createdAt ?? 0) - before)).toBeLessThan(10_000);
    });

    test('another node on the same host neither sees nor removes them', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      const address = await engine.start(spec);
      const other = await openEngine({});
      expect(await other.list()).toEqual([]);
      await other.remove(spec.id);
      await other.close({ purge: true });
      expect((await askSandbox(address, spec.id)).token).toBe(spec.token);
      expect((await find(engine, spec.id))?.running).toBe(true);
    });

    test('closing leaves them running, and a restarted agent finds and removes them', async () => {
      const nodeId = newNode();
      const first = await openEngine({ nodeId });
      const spec = newSpec();
      const address = await first.start(spec);
      await first.close();
      const second = await openEngine({ nodeId });
      expect(await find(second, spec.id)).toMatchObject({ running: true, address });
      expect((await askSandbox(address, spec.id)).token).toBe(spec.token);
      await second.remove(spec.id);
      expect(await second.list()).toEqual([]);
      await expect(
        request(`http://${address.host}:${address.port}/`, { headersTimeout: 1_000 }),
      ).rejects.toThrow();
    });

    test('removing a sandbox twice, at once, or one that never existed, succeeds', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      await engine.start(spec);
      await Promise.all([engine.remove(spec.id), engine.remove(spec.id)]);
      expect(await engine.list()).toEqual([]);
      await engine.remove(spec.id);
      await engine.remove(newSandboxId());
      await engine.remove('../../etc');
    });

    test('the exit of a sandbox killed from outside is reported, and it is no longer running', async () => {
      const exits: string[] = [];
      const engine = await openEngine({ onExit: (id) => exits.push(id) });
      const spec = newSpec();
      await askSandbox(await engine.start(spec), spec.id);
      await host.kill(spec.id);
      await until('the exit is reported', () => exits.includes(spec.id));
      // Docker reports an exit a moment before its listing shows it.
      await until(
        'it is listed as not running',
        async () => (await find(engine, spec.id))?.running === false,
      );
      await engine.remove(spec.id);
      expect(await engine.list()).toEqual([]);
    });

    test.each([
      ['exits at once', 'false'],
      ['does not exist', '/no/such/program'],
    ])('a command that %s leaves nothing running, and can be cleaned away', async (_, command) => {
      const exits: string[] = [];
      const engine = await openEngine({ command, onExit: (id) => exits.push(id) });
      const spec = newSpec();
      const failure: unknown = await engine.start(spec).then(
        () => undefined,
        (error: unknown) => error,
      );
      if (failure !== undefined) expect(failure).toMatchObject({ code: 'start-failed' });
      else await until('the exit is reported', () => exits.includes(spec.id));
      await until('it is not running', async () => (await find(engine, spec.id))?.running !== true);
      await engine.remove(spec.id);
      expect(await engine.list()).toEqual([]);
    });

    test.each([
      ['an assignment before it', (echo: string) => `GREETING=hello ${echo}`],
      ['commands before it', (echo: string) => `cd / && GREETING=hello; export GREETING; ${echo}`],
      ['exec before it', (echo: string) => `export GREETING=hello; exec ${echo}`],
    ])('a command with %s runs as it would in a shell', async (_, command) => {
      const engine = await openEngine({ command: command(echoCommand(host)) });
      const spec = newSpec();
      expect((await askSandbox(await engine.start(spec), spec.id)).env.GREETING).toBe('hello');
    });

    test('diagnose shows exit code and last output of an ended sandbox, and nothing of others', async () => {
      const engine = await openEngine({ command: '{ echo one; echo two; } >&2; exit 3' });
      const spec = newSpec();
      await engine.start(spec).catch(() => undefined);
      const found = await until('it has ended', async () => {
        const diagnosis = await engine.diagnose(spec.id);
        return diagnosis?.running === false && diagnosis.exitCode !== undefined && diagnosis;
      });
      expect(found).toEqual({ running: false, exitCode: 3, outOfMemory: false, output: 'one\ntwo\n' });
      expect(await engine.diagnose(newSpec().id)).toBeUndefined();
    });

    test('a purge leaves nothing, not even of a start that was under way', async () => {
      const nodeId = newNode();
      const engine = await openEngine({ nodeId });
      await engine.start(newSpec());
      const underWay = Promise.allSettled([engine.start(newSpec()), engine.start(newSpec())]);
      await engine.close({ purge: true });
      await underWay;
      expect(await host.leftovers(nodeId)).toEqual([]);
      await expect(engine.start(newSpec())).rejects.toMatchObject({ code: 'engine-unavailable' });
    });

    /** Its processor time, once nothing that was under way is counted any more. */
    const cpuOf = async (engine: FreezingEngine, id: string): Promise<number> =>
      (await engine.usage(id))?.cpuMs ?? Number.NaN;

    test('a frozen sandbox computes nothing while another does, and is listed as running', async () => {
      const engine = await openEngine({ command: `${host.node} -e 'for (;;) {}'` });
      const [frozen, other] = [newSpec(), newSpec()];
      await Promise.all([engine.start(frozen), engine.start(other)]);
      await until('it computes', async () => (await cpuOf(engine, frozen.id)) > 50);
      await engine.freeze(frozen.id);
      expect(await find(engine, frozen.id)).toMatchObject({ running: true, frozen: true });
      expect(await find(engine, other.id)).toMatchObject({ running: true, frozen: false });
      const [before, begun] = [await cpuOf(engine, frozen.id), await cpuOf(engine, other.id)];
      await until('the other computes', async () => (await cpuOf(engine, other.id)) > begun + 300);
      expect((await cpuOf(engine, frozen.id)) - before).toBeLessThan(30);
      await engine.thaw(frozen.id);
      await until('it computes again', async () => (await cpuOf(engine, frozen.id)) > before + 100);
      expect(await find(engine, frozen.id)).toMatchObject({ running: true, frozen: false });
    });

    test('a request to a frozen sandbox is answered after the thaw, and no exit is reported', async () => {
      const exits: string[] = [];
      const engine = await openEngine({ onExit: (id) => exits.push(id) });
      const spec = newSpec();
      const address = await engine.start(spec);
      await askSandbox(address, spec.id);
      await engine.freeze(spec.id);
      let isAnswered = false;
      const asked = askSandbox(address, spec.id).finally(() => {
        isAnswered = true;
      });
      // Listed several times meanwhile.
      for (let look = 0; look < 5; look += 1) expect((await find(engine, spec.id))?.frozen).toBe(true);
      expect(isAnswered).toBe(false);
      await engine.thaw(spec.id);
      expect((await asked).token).toBe(spec.token);
      expect(exits).toEqual([]);
    });

    test('freezing or thawing twice succeeds, and so does thawing what does not exist', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      const address = await engine.start(spec);
      await askSandbox(address, spec.id);
      await engine.freeze(spec.id);
      await engine.freeze(spec.id);
      await engine.thaw(spec.id);
      await engine.thaw(spec.id);
      expect((await askSandbox(address, spec.id)).token).toBe(spec.token);
      await engine.thaw(newSandboxId());
      await expect(engine.freeze(newSandboxId())).rejects.toMatchObject({ code: 'not-found' });
    });

    test('a restarted agent finds a frozen sandbox, and thaws or removes it', async () => {
      const nodeId = newNode();
      const first = await openEngine({ nodeId });
      const [kept, ended] = [newSpec(), newSpec()];
      const address = await first.start(kept);
      await first.start(ended);
      await askSandbox(address, kept.id);
      await Promise.all([first.freeze(kept.id), first.freeze(ended.id)]);
      await first.close();
      const second = await openEngine({ nodeId });
      expect((await second.list()).map(({ frozen }) => frozen)).toEqual([true, true]);
      await second.remove(ended.id);
      await second.thaw(kept.id);
      expect((await askSandbox(address, kept.id)).token).toBe(kept.token);
      expect((await second.list()).map(({ id }) => id)).toEqual([kept.id]);
    });

    test('removing a sandbox while it is being frozen leaves nothing', async () => {
      const engine = await openEngine({});
      const spec = newSpec();
      await engine.start(spec);
      await Promise.allSettled([engine.freeze(spec.id), engine.remove(spec.id)]);
      expect(await engine.list()).toEqual([]);
    });

    test('the image has one identity, and a pull of the same image keeps it', async () => {
      const nodeId = newNode();
      const [first, second] = [await openEngine({ nodeId }), await openEngine({ nodeId })];
      expect(await first.image()).toBe(await second.image());
      expect(await first.image({ pull: true })).toBe(await second.image());
    });
  });
}
