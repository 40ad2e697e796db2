// The systemd units, checked by systemd's own tools.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { has, run } from '../lab/run.ts';

const DIR = fileURLToPath(new URL('../../packaging/systemd/', import.meta.url));
const UNITS = readdirSync(DIR).filter((name) => name.endsWith('.service'));
/** systemd-analyze's scale goes from 0 (nothing can be reached) to 10; a unit that sets nothing gets 9.6. */
const EXPOSURE_AT_MOST = 2.0;

describe.skipIf(!has('systemd-analyze'))('the systemd units', () => {
  test('are two', () => {
    expect(UNITS.sort()).toEqual(['tmpfleet-node-agent.service', 'tmpfleet-redirector.service']);
  });

  test.each(UNITS)('%s exposes little', async (unit) => {
    const said = await run('systemd-analyze', ['security', '--offline=yes', '--no-pager', join(DIR, unit)]);
    const exposure = /Overall exposure level for \S+: ([\d.]+)/.exec(said)?.[1];
    expect(Number(exposure)).toBeGreaterThan(0);
    expect(Number(exposure)).toBeLessThanOrEqual(EXPOSURE_AT_MOST);
  });

  test.each(UNITS)('%s has no line that systemd does not understand', async (unit) => {
    const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-units-'));
    try {
      // Creates the program's path, as after an installation; nothing else changes.
      const text = readFileSync(join(DIR, unit), 'utf8');
      writeFileSync(join(dir, unit), text.replace('/opt/tmpfleet/current/bin/tmpfleet', '/bin/true'));
      expect(await verify(join(dir, unit))).not.toContain(unit);
      writeFileSync(join(dir, unit), text.replace('[Service]', '[Service]\nProtectAll=yes'));
      expect(await verify(join(dir, unit))).toMatch(/Unknown key.*ProtectAll/);
    } finally {
      rmSync(dir, { recursive: true, force: true });
    }
  });

  test('a restart keeps the sandboxes, and a wrong configuration is not retried', () => {
    for (const unit of UNITS) {
      const text = readFileSync(join(DIR, unit), 'utf8');
      expect(text).toMatch(/^KillMode=mixed$/m);
      expect(text).toMatch(/^RestartPreventExitStatus=2$/m);
    }
  });
});

/** Its complaints: units that are needed but not installed here do not count. */
async function verify(path: string): Promise<string> {
  return run('sh', ['-c', 'systemd-analyze verify --man=no "$0" 2>&1 || true', path]);
}
