// `tmpfleet top` in a real terminal: drawn, resized, left; a drain under way; a front that goes away and comes back.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../../lab/chromium.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { type Front, post, SECRET, startFront } from '../../redirector/support.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Reader } from '../../support/reader.ts';
import { openTerminal, type Terminal } from '../../support/terminal.ts';
import { terminalPage } from '../../support/terminal-picture.ts';
import { until } from '../../support/until.ts';

const COMMAND = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
const PICTURE = fileURLToPath(new URL('../../../artifacts/top.png', import.meta.url));

describeNeeding(['terminal', 'chromium'], 'tmpfleet top in a terminal', ({ chromium }) => {
  let agents: TestAgent[];
  let front: Front;
  let terminal: Terminal;
  beforeEach(async () => {
    agents = [];
    for (const [index, capacity] of ['12', '8', '6'].entries()) {
      const flags = { nodeId: `host${index + 1}`, capacity, warm: '2', drainDeadline: '30m' };
      agents.push(await startAgent(flags, { TMPFLEET_SECRET: SECRET }));
    }
    front = await startFront();
    await addNodes();
    // What the command leaves behind stays on this screen.
    const line = `echo before; '${process.execPath}' '${COMMAND}' top --front ${front.controlUrl} --interval 200ms; echo "left with $?"; cat`;
    terminal = await openTerminal(line, { columns: 120, rows: 20 });
  });
  afterEach(async () => {
    await terminal?.end();
    await front?.close();
    await Promise.all(agents.map((agent) => agent.close()));
  });
  const addNodes = async (): Promise<void> => {
    for (const [index, { url }] of agents.entries()) {
      const answer = await post(`${front.controlUrl}/api/nodes`, {
        url,
        id: `host${index + 1}`,
        probe: false,
      });
      expect(answer.status).toBe(201);
    }
  };

  test('draws, follows the window size, and restores the screen', async () => {
    const wide = await terminal.shows(/^slots .* 0 held, 6 warm, 0 starting, 20 free of 26$/m);
    expect(wide).toMatch(/^tmpfleet +http\S+ +3 nodes: 3 ready +\d\d:\d\d:\d\d/);
    expect(wide).toMatch(/^host1 +ready +▓▓·+ /m);
    expect(wide).not.toContain('before');
    expect(await terminal.hasCursor()).toBe(false);
    await terminal.resize(60, 12);
    const narrow = await terminal.shows(/^tmpfleet +http.{0,49}\d\d:\d\d:\d\d$/m);
    // A line that is too long would continue in the next one.
    expect(narrow.split('\n').filter((line) => /^(host\d|NODE|slots|arrivals)/.test(line))).toHaveLength(6);
    await terminal.resize(120, 20);
    await terminal.shows(/^host1 .* \d+ +\d+ +12 /m);
    await terminal.type('q');
    const after = await terminal.shows(/left with 0/);
    expect(after).toMatch(/^before\nleft with 0$/m);
    expect(after).not.toContain('host1');
    expect(await terminal.hasCursor()).toBe(true);
  });

  test('shows a drain under way, with its readers and deadline; Ctrl-C leaves', async () => {
    const readers = Array.from({ length: 9 }, () => new Reader());
    for (const reader of readers) expect((await reader.click(`${front.url}/tree`)).status).toBe(200);
    await until('each node has a reader', () => agents.every((agent) => agent.pool.status().held > 0));
    const held = agents[1]?.pool.status().held ?? 0;
    expect((await post(`${front.controlUrl}/api/nodes/host2/drain`, {})).status).toBe(200);
    const shown = await terminal.shows(
      /^host2 +draining +█+ +\d+ +0 +0 +8 .* until \d\d:\d\d \((30|29) min\)$/m,
    );
    expect(shown).toMatch(new RegExp(`^host2 +draining +█{${held}} +${held} +0 `, 'm'));
    // A drained node's other slots are not available.
    const free = [agents[0], agents[2]].reduce((sum, agent) => {
      const { held: taken = 0, warm = 0, starting = 0, removing = 0 } = agent?.pool.status() ?? {};
      return sum + (agent === agents[0] ? 12 : 6) - taken - warm - starting - removing;
    }, 0);
    await terminal.shows(new RegExp(` ${free} free of ${free + 4 + 9}$`, 'm'));
    if (process.env.TMPFLEET_TEST_PICTURES !== undefined) await takePicture(chromium.executablePath);
    await terminal.type('C-c');
    await terminal.shows(/left with 0/);
  });

  test('says that the front is away, keeps the last numbers, and goes on when it is back', async () => {
    await terminal.shows(/^host1 +ready/m);
    const { port } = new URL(front.controlUrl);
    await front.close();
    await terminal.shows(
      /as of .* ago: the front cannot be reached: 127\.0\.0\.1:\d+ refuses connections: nothing listens there$/m,
    );
    expect(await terminal.picture()).toMatch(/^host1 +ready/m);
    front = await startFront({ controlPort: port });
    await addNodes();
    await until('it shows the fleet again', async () => {
      const seen = await terminal.picture();
      return !seen.includes('cannot be reached') && /^host1 +ready/m.test(seen);
    });
  });

  async function takePicture(executablePath: string): Promise<void> {
    const browser = await launchChromium(executablePath);
    const page = await browser.newPage({ deviceScaleFactor: 2 });
    await page.setContent(terminalPage((await terminal.picture({ colours: true })).trimEnd()));
    writeFileSync(PICTURE, await page.locator('pre').screenshot());
    await browser.close();
  }
});
