// The scratchpad as its own program: it evaluates what a reader types, and no input ends it.
import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { reservePort } from '../../../node-agent/engine/local/port.ts';
import { launchChromium } from '../../lab/chromium.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { until } from '../../support/until.ts';

const MAIN = fileURLToPath(new URL('../../../dist/node-agent/engine/scratchpad/main.js', import.meta.url));

interface Running {
  readonly process: ChildProcess;
  readonly url: string;
  readonly port: number;
}

function launch(port: number): ChildProcess {
  const flags = ['--base-path=/user/a/', `--port=${port}`, '--ip=127.0.0.1'];
  return spawn(process.execPath, [MAIN, ...flags], { stdio: 'ignore' });
}

async function startScratchpad(): Promise<Running> {
  const { port } = await reservePort();
  const child = launch(port);
  const url = `http://127.0.0.1:${port}/user/a/`;
  await until('the scratchpad answers', async () => {
    const { statusCode, body } = await request(url);
    await body.dump();
    return statusCode === 200;
  });
  return { process: child, url, port };
}

describe('the scratchpad', () => {
  let running: Running;
  let socket: WebSocket;
  let heard: string[] = [];
  beforeAll(async () => {
    running = await startScratchpad();
    socket = new WebSocket(`${running.url.replace('http', 'ws')}socket`);
    socket.on('message', (data) => heard.push(String(data)));
    await new Promise((resolve) => socket.once('open', resolve));
  });
  afterAll(() => {
    socket.terminate();
    running.process.kill();
  });

  /** The messages up to the first result or error. */
  const run = async (code: string): Promise<readonly unknown[]> => {
    heard = [];
    socket.send(JSON.stringify({ code }));
    await until(`${code} has a result`, () => heard.some((entry) => /"kind":"(result|error)"/.test(entry)));
    return heard.map((entry): unknown => JSON.parse(entry));
  };

  test.each([
    ['6*7', '42'],
    ['let kept = 1; kept + 1', '2'],
    ['kept', '1'],
    ['{a: 1}', '{ a: 1 }'],
    ['await Promise.resolve("later")', "'later'"],
    ['const x = await Promise.resolve(5); x + 1', '6'],
    ['x', '5'],
  ])('%s gives %s', async (code, text) => {
    expect(await run(code)).toEqual([{ kind: 'result', text }]);
  });

  test('console.log comes before the result, and errors are shown as errors', async () => {
    expect(await run('console.log("hello", 1); nope()')).toEqual([
      { kind: 'log', text: 'hello 1' },
      { kind: 'error', text: 'ReferenceError: nope is not defined' },
    ]);
    expect(await run('1 +')).toMatchObject([{ kind: 'error', text: expect.stringContaining('SyntaxError') }]);
  });

  test('an endless loop is ended, variables stay, and the page is served meanwhile', async () => {
    const loop = run('for (;;);');
    const began = performance.now();
    const { statusCode, body } = await request(running.url);
    await body.dump();
    expect(statusCode).toBe(200);
    expect(performance.now() - began).toBeLessThan(3_000);
    expect(await loop).toMatchObject([{ kind: 'error', text: expect.stringContaining('timed out') }]);
    expect(await run('kept')).toEqual([{ kind: 'result', text: '1' }]);
  });

  test('an endless loop of awaits is ended too, and a new evaluator starts', async () => {
    expect(await run('for (;;) await null')).toMatchObject([{ kind: 'error' }]);
    expect(await run('6*7')).toEqual([{ kind: 'result', text: '42' }]);
  });

  test('it answers only below its base path', async () => {
    const statusOf = async (path: string): Promise<number> => {
      const { statusCode, body } = await request(new URL(path, running.url));
      await body.dump();
      return statusCode;
    };
    expect(await statusOf('/user/a')).toBe(200);
    expect(await statusOf('/user/a/notebooks/intro.ipynb?x=1')).toBe(200);
    expect(await statusOf('/user/ab/')).toBe(404);
    expect(await statusOf('/')).toBe(404);
  });

  test('a path from outside cannot become markup', async () => {
    const { body } = await request(`${running.url}notebooks/%3Cscript%3Ealert(1)%3C%2Fscript%3E`);
    expect(await body.text()).not.toContain('<script>alert');
  });

  test('a port that is taken ends it with code 1', async () => {
    const second = launch(running.port);
    expect(await new Promise((resolve) => second.once('exit', resolve))).toBe(1);
  });
});

describeNeeding(['chromium'], 'the scratchpad in a browser', ({ chromium }) => {
  test('6*7 is 42 by keyboard, on a phone too, and a lost connection is shown and restored', async () => {
    let running = await startScratchpad();
    const browser = await launchChromium(chromium.executablePath);
    try {
      const page = await browser.newPage({ viewport: { width: 360, height: 640 } });
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      page.on('console', (message) => message.type() === 'error' && faults.push(message.text()));
      await page.goto(`${running.url}notebooks/intro.ipynb`);
      expect(await page.title()).toBe('notebooks/intro.ipynb');
      await page.waitForSelector('#state.on');
      await page.fill('#code', '6*7');
      await page.press('#code', 'Enter');
      await page.waitForSelector('#output .result:text-is("42")');
      await page.press('#code', 'ArrowUp');
      expect(await page.inputValue('#code')).toBe('6*7');
      const input = await page.locator('#code').boundingBox();
      expect((input?.y ?? 0) + (input?.height ?? 0)).toBeLessThanOrEqual(640);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(360);
      expect(faults).toEqual([]);
      running.process.kill();
      await page.waitForSelector('#state.off');
      running = { ...running, process: launch(running.port) };
      await page.waitForSelector('#state.on');
    } finally {
      await browser.close();
      running.process.kill();
    }
  });
});
