// Limits what a sandbox may read from and write to the disk that holds Docker's data.
import { readFileSync, realpathSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface DiskRates {
  readonly diskReadRateBytes: number;
  readonly diskWriteRateBytes: number;
}

interface Throttle {
  readonly Path: string;
  readonly Rate: number;
}

export interface DiskLimits {
  readonly BlkioDeviceReadBps?: Throttle[];
  readonly BlkioDeviceWriteBps?: Throttle[];
}

/** @param device undefined when the data is not on a disk of its own; then nothing is limited */
export function diskLimits(device: string | undefined, rates: DiskRates): DiskLimits {
  if (device === undefined) return {};
  const { diskReadRateBytes, diskWriteRateBytes } = rates;
  return {
    ...(diskReadRateBytes === 0 ? {} : { BlkioDeviceReadBps: [{ Path: device, Rate: diskReadRateBytes }] }),
    ...(diskWriteRateBytes === 0
      ? {}
      : { BlkioDeviceWriteBps: [{ Path: device, Rate: diskWriteRateBytes }] }),
  };
}

/**
 * The disk that a directory is on, such as `/dev/sda`: the kernel limits whole disks, not partitions. Undefined for a
 * file system without a device of its own (tmpfs, overlay, btrfs, ZFS), and where the directory is not to be seen.
 */
export function diskOf(directory: string, sys = '/sys'): string | undefined {
  try {
    const { dev } = statSync(directory);
    // As glibc takes it apart: gnu_dev_major and gnu_dev_minor, for numbers below 2^32.
    const [major, minor] = [(dev >>> 8) & 0xfff, (dev & 0xff) | ((dev >>> 12) & 0xfff00)];
    const device = realpathSync(join(sys, 'dev/block', `${major}:${minor}`));
    const disk = isPartition(device) ? dirname(device) : device;
    return `/dev/${basename(disk).replaceAll('!', '/')}`;
  } catch {
    return undefined;
  }
}

function isPartition(device: string): boolean {
  try {
    return readFileSync(join(device, 'partition'), 'utf8') !== '';
  } catch {
    return false;
  }
}
