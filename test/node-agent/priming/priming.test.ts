// Kernels that run before the click, in a real Notebook 6 and a real JupyterLab 4.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test } from 'vitest';
import { nodeAgentOptions } from '../../../node-agent/config.ts';
import { examineHost } from '../../../node-agent/doctor/host.ts';
import { systemClock } from '../../../shared/clock.ts';
import { loadConfig } from '../../../shared/config/load.ts';
import { describeNeeding } from '../../lab/needs.ts';
import { startAgent, type TestAgent } from '../../support/agent.ts';
import { Jupyter } from '../../support/jupyter.ts';
import { Reader } from '../../support/reader.ts';
import { createTestLog } from '../../support/test-logger.ts';
import { until } from '../../support/until.ts';

describeNeeding(
  ['docker', 'jupyter', 'jupyterlab'],
  'primed sandboxes',
  ({ docker, jupyter, jupyterlab }) => {
    const agents: TestAgent[] = [];
    const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-prime-'));
    afterEach(async () => {
      for (const agent of agents.splice(0)) await agent.close();
    });
    afterAll(() => rmSync(dir, { recursive: true, force: true }));

    /** A node whose sandboxes are primed for the article's notebook; `cell` runs in each kernel. */
    const start = async (image: string, cell: string, flags: Readonly<Record<string, string>> = {}) => {
      const file = join(dir, 'cell.py');
      writeFileSync(file, cell);
      const agent = await startAgent({
        engine: 'docker',
        image,
        prime: 'intro.ipynb',
        primeCell: file,
        dockerHost: docker.host,
        warm: '1',
        ...flags,
      });
      agents.push(agent);
      return agent;
    };
    const open = async (agent: TestAgent, path: string): Promise<Jupyter> => {
      const landed = await new Reader().click(`${agent.url}/${path}`);
      expect(landed.status).toBe(200);
      return new Jupyter(new URL(`/user/${landed.sandbox}/`, landed.url).href, { headers: landed.own });
    };

    test.each([
      ['Notebook 6', jupyter.image, 'notebooks'],
      ['JupyterLab', jupyterlab.image, 'lab/tree'],
    ])(
      '%s: who opens the article finds its kernel running, who opens something else finds none',
      async (_, image, view) => {
        const agent = await start(image, 'x = 6 * 7');
        await agent.warm(1);
        const article = await open(agent, `${view}/intro.ipynb`);
        const [session, ...others] = await article.sessions();
        expect([session?.path, others]).toEqual(['intro.ipynb', []]);
        // The page of the notebook asks for a session, and gets this one: there is never a second kernel.
        expect(await article.openNotebook('intro.ipynb')).toMatchObject({
          kernel: { id: session?.kernel.id },
        });
        expect(await article.runIn(session?.kernel.id ?? '', 'print(x)')).toBe('42\n');

        await agent.warm(1);
        const other = await open(agent, `${view}/other.ipynb`.replace('other.ipynb', ''));
        await until('no kernel runs', async () => (await other.sessions()).length === 0);
      },
    );

    test.each([
      [
        'a notebook that is not in the image',
        'x = 1',
        { prime: 'none.ipynb' },
        'it has no notebook none.ipynb, which --prime names',
      ],
      [
        'a cell that raises an error',
        'import nothing',
        {},
        "--prime-cell: ModuleNotFoundError: No module named 'nothing'",
      ],
      ['a kernel that dies', 'import os; os._exit(1)', {}, 'the kernel of --prime ended by itself'],
    ])('%s is a failed start, which says so', async (_, cell, flags, why) => {
      const agent = await start(jupyter.image, cell, { capacity: '1', ...flags });
      await until('a start has failed', () => agent.log().includes(JSON.stringify(why).slice(1, -1)), 60_000);
      expect(agent.pool.status().warm).toBe(0);
    });

    test('doctor says what a primed start costs, in time and memory', async () => {
      const cell = join(dir, 'doctor.py');
      writeFileSync(cell, 'x = "." * 100_000_000');
      const { config } = loadConfig(nodeAgentOptions, {
        flags: {
          ...{ engine: 'docker', dockerHost: docker.host, image: jupyter.image, pull: 'never' },
          ...{ port: '0', controlPort: '0', dataDir: join(dir, 'doctor') },
          ...{ prime: 'intro.ipynb', primeCell: cell },
        },
        env: {},
      });
      const { logger } = createTestLog();
      const findings = [];
      for await (const finding of examineHost({ config, env: {}, clock: systemClock, logger }))
        findings.push(finding);
      const priming = findings.find(({ check }) => check === 'priming');
      const [, seconds, mib] = /: ([\d.]+) s of each start, (\d+) MiB/.exec(priming?.detail ?? '') ?? [];
      expect(priming?.detail).toContain('the kernel of intro.ipynb runs');
      expect(Number(seconds)).toBeGreaterThan(0.1);
      expect(Number(mib)).toBeGreaterThan(100);
    });

    test('a reader who waits for a start does not wait for a kernel', async () => {
      const agent = await start(jupyter.image, 'import time; time.sleep(120)', { capacity: '1' });
      const article = await open(agent, 'notebooks/intro.ipynb');
      expect(await article.exists('intro.ipynb')).toBe(true);
    });
  },
);
