import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { diskLimits, diskOf } from '../../../node-agent/engine/docker/disk.ts';

const dir = mkdtempSync(join(tmpdir(), 'tmpfleet-sys-'));
afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** A sysfs in which the file system of this directory is on the device at `path`. */
function sysfs(path: string, files: readonly string[] = []): string {
  const { dev } = statSync(tmpdir());
  const numbers = `${(dev >>> 8) & 0xfff}:${(dev & 0xff) | ((dev >>> 12) & 0xfff00)}`;
  mkdirSync(join(dir, 'devices', path), { recursive: true });
  for (const file of files) writeFileSync(join(dir, 'devices', path, file), '1\n');
  mkdirSync(join(dir, 'dev/block'), { recursive: true });
  symlinkSync(join(dir, 'devices', path), join(dir, 'dev/block', numbers));
  return dir;
}

test('a partition is on its disk, a disk is one itself, and a slash in a name comes back', () => {
  expect(diskOf(tmpdir(), sysfs('pci/sda/sda1', ['partition']))).toBe('/dev/sda');
  rmSync(dir, { recursive: true });
  expect(diskOf(tmpdir(), sysfs('virtual/dm-0'))).toBe('/dev/dm-0');
  rmSync(dir, { recursive: true });
  expect(diskOf(tmpdir(), sysfs('pci/cciss!c0d0'))).toBe('/dev/cciss/c0d0');
});

test('a file system without a device of its own, and a directory that is not there, have none', () => {
  expect(diskOf('/proc')).toBeUndefined();
  expect(diskOf('/no/such/directory')).toBeUndefined();
});

test('the disk of Docker’s data gets the limits that the options give', () => {
  expect(diskLimits('/dev/sda', { diskReadRateBytes: 5, diskWriteRateBytes: 3 })).toEqual({
    BlkioDeviceReadBps: [{ Path: '/dev/sda', Rate: 5 }],
    BlkioDeviceWriteBps: [{ Path: '/dev/sda', Rate: 3 }],
  });
  expect(diskLimits('/dev/sda', { diskReadRateBytes: 0, diskWriteRateBytes: 0 })).toEqual({});
  expect(diskLimits(undefined, { diskReadRateBytes: 5, diskWriteRateBytes: 3 })).toEqual({});
});
