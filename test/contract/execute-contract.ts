// What a node expects of an engine that runs commands in sandboxes, as one suite that each implementation passes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setImmediate as breathe } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import type { ExecutingEngine } from '../../node-agent/engine/engine.ts';
import type { Execution } from '../../node-agent/engine/execution.ts';
import { FRAME, FrameReader, MAX_FRAME_BYTES } from '../../shared/protocol/exec.ts';
import { until } from '../support/until.ts';
import { askSandbox, type EngineHost, echoCommand, newSpec } from './engine-contract.ts';

export function executeContract(title: string, host: EngineHost): void {
  describe(title, () => {
    const opened: ExecutingEngine[] = [];
    afterEach(async () => {
      for (const engine of opened.splice(0)) await engine.close({ purge: true });
    });
    const start = async () => {
      const engine = host.engine(`execute-${randomBytes(4).toString('hex')}`, echoCommand(host));
      opened.push(engine);
      await engine.open(() => undefined);
      const spec = newSpec();
      const echo = await askSandbox(await engine.start(spec), spec.id);
      const execute = (script: string, stdin = false) =>
        engine.execute({ ...spec, command: ['/bin/sh', '-c', script], stdin });
      return { engine, spec, echo, execute };
    };
    /** Everything that it prints, and its exit code. */
    const finish = async ({ output, exitCode }: Execution) => {
      const reader = new FrameReader(MAX_FRAME_BYTES);
      const printed = { out: '', err: '' };
      for await (const chunk of output)
        for (const { kind, content } of reader.add(chunk))
          printed[kind === FRAME.stderr ? 'err' : 'out'] += content.toString('utf8');
      return { ...printed, code: await exitCode() };
    };
    /** Whether a process whose arguments have this word runs in the sandbox. */
    const isRunning = async (execute: (script: string) => Promise<Execution>, word: string) => {
      // The shell leaves out the zeros between arguments.
      const script = `for p in /proc/[0-9]*; do case "$(cat $p/cmdline 2>/dev/null)" in sleep${word}) echo yes;; esac; done`;
      return (await finish(await execute(script))).out !== '';
    };

    test('a command has the directory and the environment of its sandbox, and an exit code', async () => {
      const { echo, spec, execute } = await start();
      const { out, err, code } = await finish(
        await execute('pwd; echo "$JUPYTER_TOKEN $HOME"; echo wrong >&2; exit 7'),
      );
      const [cwd, variables] = out.split('\n');
      expect({ cwd, variables, err, code }).toEqual({
        ...{ cwd: echo.cwd, variables: `${spec.token} ${echo.env.HOME}`, err: 'wrong\n', code: 7 },
      });
    });

    test('it reads what is written to it, up to the end', async () => {
      const { execute } = await start();
      const running = await execute('cat; echo done', true);
      running.input?.write('x'.repeat(100_000));
      running.input?.end('y');
      const { out, code } = await finish(running);
      expect([out.length, out.slice(-6), code]).toEqual([100_006, 'ydone\n', 0]);
    });

    test('it reads nothing where it is given nothing', async () => {
      const { execute } = await start();
      expect(await finish(await execute('cat; echo over'))).toMatchObject({ out: 'over\n', code: 0 });
    });

    test('a long output arrives whole; while no one reads, it waits', async () => {
      const { execute } = await start();
      const running = await execute('dd if=/dev/zero bs=1000000 count=30 2>/dev/null; echo end >&2');
      await once(running.output, 'readable');
      for (let turn = 0; turn < 1_000; turn += 1) await breathe();
      expect(running.output.readableLength).toBeLessThan(1024 * 1024);
      const { out, err, code } = await finish(running);
      expect([out.length, err, code]).toEqual([30_000_000, 'end\n', 0]);
    });

    test('it is ended with what it has started', async () => {
      const { execute } = await start();
      const running = await execute('sleep 4321 & trap "" TERM; sleep 4321');
      await until('it runs', () => isRunning(execute, '4321'));
      running.output.resume();
      await running.end();
      await until('it is gone', async () => !(await isRunning(execute, '4321')));
    });

    test('it ends with its sandbox, and says so', async () => {
      const { engine, spec, execute } = await start();
      const running = await execute('echo begun; sleep 4322');
      const [first] = await once(running.output, 'data');
      expect(String(first)).toContain('begun');
      const closed = once(running.output, 'close');
      await engine.remove(spec.id);
      running.output.resume();
      await closed;
      expect(await running.exitCode()).not.toBe(0);
    });

    test('a program that is not there, and a sandbox that is not there, are refused', async () => {
      const { engine, spec } = await start();
      const command = ['/nothing/there'];
      const missing = await engine.execute({ ...spec, command, stdin: false }).then(
        async (running) => (await finish(running)).code,
        ({ code }) => code,
      );
      // Some versions of Docker begin it, and then say that they cannot.
      expect(['bad-request', 126, 127]).toContain(missing);
      await expect(engine.execute({ ...newSpec(), command, stdin: false })).rejects.toMatchObject({
        code: 'not-found',
      });
      await host.kill(spec.id);
      await until('it does not run', async () => (await engine.list()).every(({ running }) => !running));
      await expect(engine.execute({ ...spec, command, stdin: false })).rejects.toMatchObject({
        code: 'conflict',
      });
    });
  });
}
