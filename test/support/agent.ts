// A node-agent in this process, with the local engine and free ports, whose sandboxes end when it stops.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type NodeAgentConfig, nodeAgentOptions } from '../../node-agent/config.ts';
import { checkNodeAgentConfig } from '../../node-agent/config-check.ts';
import { type NodeAgent, startNodeAgent } from '../../node-agent/main.ts';
import { type Clock, systemClock } from '../../shared/clock.ts';
import { loadConfig } from '../../shared/config/load.ts';
import { Reloader } from '../../shared/reload/reloader.ts';
import type { Reloaded } from '../../shared/runtime.ts';
import { LIGHT_COMMAND } from './light-server.ts';
import { createTestLog } from './test-logger.ts';
import { describeOnFailure, snapshotOf, until } from './until.ts';

export interface TestAgent extends NodeAgent {
  readonly dataDir: string;
  /** Reads its configuration again, with these flags changed. */
  reload(flags: Readonly<Record<string, string>>): Reloaded;
  /** Stops it and leaves its data directory, for another agent. */
  stop(): Promise<void>;
  /** Its last log lines. */
  log(): string;
  /** Waits until this many are warm and none is starting. */
  warm(count: number): Promise<void>;
}

/**
 * Its sandboxes are light servers, which answer `ok` to everything; with `command: 'scratchpad'` they are
 * scratchpads, which need no Jupyter on this host.
 *
 * @param flags as on the command line, without dashes: `{ capacity: '3' }`
 */
export async function startAgent(
  flags: Readonly<Record<string, string | boolean>> = {},
  env: Readonly<Record<string, string>> = {},
  clock: Clock = systemClock,
): Promise<TestAgent> {
  const dataDir =
    typeof flags.dataDir === 'string' ? flags.dataDir : mkdtempSync(join(tmpdir(), 'tmpfleet-agent-'));
  let given: Readonly<Record<string, string | boolean>> = {
    host: '127.0.0.1',
    port: '0',
    controlPort: '0',
    engine: 'local',
    ...(flags.engine === undefined ? { command: LIGHT_COMMAND } : {}),
    ephemeral: true,
    nodeId: 'node1',
    capacity: '2',
    ...flags,
    dataDir,
  };
  const read = (): NodeAgentConfig => loadConfig(nodeAgentOptions, { flags: given, env }).config;
  const config = read();
  const reloader = new Reloader(nodeAgentOptions, config, read, checkNodeAgentConfig);
  const log = createTestLog();
  const agent = await startNodeAgent(config, {
    ...{ logger: log.logger, recentLog: log.lines, env: process.env, clock, reloader },
  });
  const endDescribing = describeOnFailure(async () =>
    [`node ${config.nodeId}: ${await snapshotOf(`${agent.url}/stats`)}`, log.recent()].join('\n'),
  );
  return {
    ...agent,
    dataDir,
    log: () => log.recent(),
    reload: (changed) => {
      given = { ...given, ...changed };
      return reloader.run();
    },
    warm: async (count) => {
      await until(`${count} sandboxes are warm`, () => {
        const counts = agent.pool.status();
        return counts.warm === count && counts.starting === 0;
      });
    },
    stop: () => {
      endDescribing();
      return agent.close();
    },
    close: async () => {
      endDescribing();
      await agent.close();
      // One that the test made is the test's, which may start another agent there.
      if (flags.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
