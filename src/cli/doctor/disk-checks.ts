import { randomBytes } from 'node:crypto';
import { open, rm, stat, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../folder-transfer.js';
import { fault, type Finding, ok, shortMs, warning } from './finding.js';

const SYNCS = 20;
const SYNC_BYTES = 4096;
const SLOW_MS = 15;
const TOO_SLOW_MS = 200;
const GIBIBYTE = 1024 ** 3;
const LITTLE_BYTES = 10 * GIBIBYTE;
const TOO_LITTLE_BYTES = GIBIBYTE;

/** By the numbers that Linux has for them. */
const LOCAL: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x2fc12fc1: 'zfs',
  0xf2f52010: 'f2fs',
};
const NETWORK: Readonly<Record<number, string>> = {
  0x6969: 'nfs',
  0xff534d42: 'cifs',
  0xfe534d42: 'smb2',
  0x65735546: 'fuse',
  0xc36400: 'ceph',
};
const VOLATILE: Readonly<Record<number, string>> = { 0x01021994: 'tmpfs', 0x858458f6: 'ramfs' };
const OVERLAY = 0x794c7630;

/** The disk that the site's data is on, or will be. */
export async function checkDisk(dataFolder: string): Promise<Finding[]> {
  const folder = await nearestFolder(dataFolder);
  try {
    const { type, bavail, blocks, bsize } = await statfs(folder);
    return [
      judgeFileSystem(type, folder),
      judgeSpace(bavail * bsize, blocks * bsize),
      await checkSync(folder),
    ];
  } catch (error) {
    const advice = 'make the folder, or name another as data_folder';
    return [fault('disk', `${folder} cannot be looked at: ${messageOf(error)}`, advice)];
  }
}

async function nearestFolder(folder: string): Promise<string> {
  const isThere = await stat(folder).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

export function judgeFileSystem(type: number, folder: string): Finding {
  const kind = type >>> 0;
  const about = 'file system';
  const local = LOCAL[kind];
  if (local !== undefined) return ok(about, `${local} at ${folder}`);
  const advice = 'keep data_folder on a local disk with ext4 or xfs';
  const name = VOLATILE[kind] ?? NETWORK[kind];
  if (VOLATILE[kind] !== undefined) {
    return fault(about, `${folder} is ${name}: all is forgotten with the power`, advice);
  }
  if (name !== undefined) {
    return warning(about, `${folder} is ${name}: what is synced there rests on another`, advice);
  }
  if (kind === OVERLAY) {
    const gone = `${folder} is in a container's own layer: all is gone with the container`;
    return warning(about, gone, 'mount a volume at data_folder');
  }
  return warning(about, `${folder} is of the unknown kind 0x${kind.toString(16)}`, advice);
}

export function judgeSpace(freeBytes: number, allBytes: number): Finding {
  const gib = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(1)} GiB`;
  const message = `${gib(freeBytes)} of ${gib(allBytes)} are free`;
  const advice = 'make room, or name another data_folder: a full disk refuses writes';
  if (freeBytes < TOO_LITTLE_BYTES) return fault('disk space', message, advice);
  const isLittle = freeBytes < LITTLE_BYTES || freeBytes < allBytes / 10;
  return isLittle ? warning('disk space', message, advice) : ok('disk space', message);
}

/** How long the disk takes to make a small write last: what every write of the store waits for. */
async function checkSync(folder: string): Promise<Finding> {
  const path = join(folder, `.quorate-doctor-${randomBytes(6).toString('hex')}`);
  try {
    const file = await open(path, 'wx', 0o600);
    const tookMs: number[] = [];
    try {
      const bytes = randomBytes(SYNC_BYTES);
      for (let count = 0; count < SYNCS; count += 1) {
        const beganMs = performance.now();
        await file.write(bytes);
        await file.datasync();
        tookMs.push(performance.now() - beganMs);
      }
    } finally {
      await file.close();
      await rm(path, { force: true });
    }
    return judgeSync(tookMs);
  } catch (error) {
    const advice = 'let the user who runs the site own the folder';
    return fault('fsync', `${folder} cannot be written: ${messageOf(error)}`, advice);
  }
}

export function judgeSync(tookMs: readonly number[]): Finding {
  const sorted = [...tookMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const worst = sorted.at(-1) ?? 0;
  const message = `a synced write takes ${shortMs(median)}, at worst ${shortMs(worst)} of ${sorted.length}`;
  const advice = 'use an SSD with power-loss protection; every write waits for this';
  if (median > TOO_SLOW_MS) return fault('fsync', message, advice);
  return median > SLOW_MS ? warning('fsync', message, advice) : ok('fsync', message);
}
