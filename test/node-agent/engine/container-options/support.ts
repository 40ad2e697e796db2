// Files for --container-options, in a temporary directory.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import {
  type ContainerOptionsConfig,
  containerOptionsProblems,
} from '../../../../node-agent/engine/docker/container-options/read.ts';
import { dockerOptions } from '../../../../node-agent/engine/docker/options.ts';
import { defaultsOf } from '../../../contract/defaults.ts';

export const defaults = defaultsOf(dockerOptions);

/** One for each test file, because files share modules. */
export function containerFiles() {
  const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-container-options-'));
  afterAll(() => rmSync(dir, { recursive: true }));
  const file = join(dir, 'containers.yaml');
  /** Writes the file. */
  const configOf = (given: unknown, more: Partial<ContainerOptionsConfig> = {}): ContainerOptionsConfig => {
    writeFileSync(file, typeof given === 'string' ? given : JSON.stringify(given));
    return { ...defaults, dataDir: join(dir, 'data'), containerOptions: file, ...more };
  };
  /** Without what is the same in all, and with DIR for the temporary directory. */
  const problemsOf = (given: unknown, more: Partial<ContainerOptionsConfig> = {}): readonly string[] =>
    containerOptionsProblems(configOf(given, more)).map((problem) =>
      problem.replace(`container-options: ${file}: `, '').replaceAll(dir, 'DIR'),
    );
  return { dir, file, configOf, problemsOf };
}

/** All that needs no unsafe option. */
export const EVERYTHING = `
cpu_shares: 512
memory_reservation: 256m
shm_size: 128m
mounts:
  - /data:/data:ro
  - /srv//sets/../sets/:/home/jovyan/sets:ro
tmpfs:
  /scratch: 64m
  /tmp: {size: 256m, exec: false}
extra_hosts: [mirror.example.org:192.0.2.7, "six.example.org:2001:db8::7"]
labels: {org.example.team: press, rack: 7}
ulimits: {nofile: {soft: 1024, hard: 16384}, fsize: 1000000}
security_opt: [apparmor=notebooks]
`;
