import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { dataDirsOf, diskLimits, diskOf } from '../../../node-agent/engine/docker/disk.ts';

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

// Seen: Docker 29 on Ubuntu 24.04, where images and containers are in containerd's directory. With `data-root` on a large disk the
// node watched that one, while its sandboxes filled the other.
test('where images and containers are: below Docker’s directory, or with the containerd of the host', () => {
  const DockerRootDir = '/big/docker';
  const inContainerd = [['driver-type', 'io.containerd.snapshotter.v1']];
  const ofHost = { Address: '/run/containerd/containerd.sock', Namespaces: { Containers: 'moby' } };
  const ofDocker = { Address: '/var/run/docker/containerd/containerd.sock' };
  const inDocker = [
    ['Backing Filesystem', 'extfs'],
    ['Supports d_type', 'true'],
  ];
  expect(dataDirsOf({ DockerRootDir, DriverStatus: inDocker, Containerd: ofHost })).toEqual(['/big/docker']);
  expect(dataDirsOf({ DockerRootDir, DriverStatus: null })).toEqual(['/big/docker']);
  const both = ['/big/docker', '/var/lib/containerd'];
  expect(dataDirsOf({ DockerRootDir, DriverStatus: inContainerd, Containerd: ofHost })).toEqual(both);
  expect(dataDirsOf({ DockerRootDir, DriverStatus: inContainerd })).toEqual(both);
  const own = { DockerRootDir, DriverStatus: inContainerd, Containerd: ofDocker };
  expect(dataDirsOf(own)).toEqual(['/big/docker']);
});
