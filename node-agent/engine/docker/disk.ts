// Where Docker keeps what sandboxes write, and limits of what a sandbox may read from and write to that disk.
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

/** Of Docker's `info`. */
export interface StorageFacts {
  readonly DockerRootDir: string;
  readonly DriverStatus?: readonly (readonly string[])[] | null | undefined;
  /** Where Docker reaches containerd; since version 29. */
  readonly Containerd?: { readonly Address?: string | undefined } | null | undefined;
}

/** The host's containerd, and where it keeps its data, which Docker does not say. Every distribution leaves both as they are. */
const CONTAINERD_SOCKET = '/run/containerd/containerd.sock';
const CONTAINERD_ROOT = '/var/lib/containerd';

/**
 * Directories on the disks that images and containers fill. Docker keeps both below its own directory, or, as Docker 29 does on
 * a new host, has the host's containerd keep them.
 */
export function dataDirsOf({ DockerRootDir, DriverStatus, Containerd }: StorageFacts): readonly string[] {
  const isInContainerd = (DriverStatus ?? []).some(
    ([name, value = '']) => name === 'driver-type' && value.startsWith('io.containerd.snapshotter.'),
  );
  // A containerd that Docker starts itself has its data below Docker's.
  const isTheHosts = (Containerd?.Address ?? CONTAINERD_SOCKET) === CONTAINERD_SOCKET;
  return isInContainerd && isTheHosts ? [DockerRootDir, CONTAINERD_ROOT] : [DockerRootDir];
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
