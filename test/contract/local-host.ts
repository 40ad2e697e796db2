// This machine as a host of the local engine.
import { mkdtempSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { engineOptions } from '../../node-agent/engine/engine-options.ts';
import { LocalEngine } from '../../node-agent/engine/local/engine.ts';
import { systemClock } from '../../shared/clock.ts';
import { processesWith } from '../support/processes.ts';
import { defaultsOf, silentLogger } from './defaults.ts';
import type { EngineHost } from './engine-contract.ts';

export interface LocalHost extends EngineHost {
  readonly dataDir: string;
  engine(nodeId: string, command: string): LocalEngine;
  /** The process of a sandbox, from its record. */
  pidOf(id: string): Promise<number>;
  remove(): Promise<void>;
}

const recordSchema = z.object({ node: z.string(), process: z.object({ pid: z.number() }).optional() });

export function localHost(): LocalHost {
  const dataDir = mkdtempSync(join(tmpdir(), 'tmpfleet-local-'));
  const records = join(dataDir, 'local');
  const pidOf = async (id: string): Promise<number> => {
    const record = recordSchema.parse(JSON.parse(await readFile(join(records, `${id}.json`), 'utf8')));
    if (record.process === undefined) throw new Error('it has no process');
    return record.process.pid;
  };
  return {
    dataDir,
    node: `'${process.execPath}'`,
    engine: (nodeId, command) =>
      new LocalEngine(
        { ...defaultsOf(engineOptions), command, dataDir },
        { nodeId, logger: silentLogger, clock: systemClock, env: process.env },
      ),
    pidOf,
    kill: async (id) => {
      process.kill(-(await pidOf(id)), 'SIGKILL');
    },
    leftovers: async (nodeId) => {
      const left: string[] = [];
      for (const name of await readdir(records)) {
        // A write cut short by a kill; an agent that starts a minute later or more deletes it.
        if (/\.json\.\d+$/.test(name)) continue;
        const text = name.endsWith('.json') ? await readFile(join(records, name), 'utf8') : '';
        if (!name.endsWith('.json') || recordSchema.parse(JSON.parse(text)).node === nodeId) left.push(name);
      }
      return [...left, ...processesWith(records).map((pid) => `process ${pid}`)];
    },
    remove: () => rm(dataDir, { recursive: true, force: true }),
  };
}
