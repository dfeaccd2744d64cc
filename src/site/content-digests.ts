import { createHash } from 'node:crypto';
import { crc32, crc32c } from '@node-rs/crc32';
import { Crc64Nvme } from './content-crc64.js';
import type { DigestName, Digests } from './site-context.js';

interface Digest {
  update(bytes: Uint8Array): unknown;
  /** Lower-case hex, at the end. */
  result(): string;
}

/** Digests of one body that comes piece by piece. */
export class ContentDigests {
  private readonly running: readonly (readonly [DigestName, Digest])[];

  constructor(names: readonly DigestName[]) {
    this.running = [...new Set(names)].map((name) => [name, digestOf(name)]);
  }

  update(bytes: Uint8Array): void {
    for (const [, digest] of this.running) digest.update(bytes);
  }

  /** Each digest asked for. Once, at the end. */
  results(): Digests {
    return Object.fromEntries(this.running.map(([name, digest]) => [name, digest.result()]));
  }
}

function digestOf(name: DigestName): Digest {
  switch (name) {
    case 'md5':
    case 'sha1':
    case 'sha256': {
      const hash = createHash(name);
      return { update: (bytes) => hash.update(bytes), result: () => hash.digest('hex') };
    }
    case 'crc32':
      return runningCrc(crc32);
    case 'crc32c':
      return runningCrc(crc32c);
    case 'crc64nvme': {
      const crc = new Crc64Nvme();
      return { update: (bytes) => crc.update(bytes), result: () => crc.digest() };
    }
  }
}

function runningCrc(step: (bytes: Uint8Array, before: number) => number): Digest {
  let crc = 0;
  return {
    update: (bytes) => {
      crc = step(bytes, crc);
    },
    result: () => crc.toString(16).padStart(8, '0'),
  };
}
