import { expect, it } from 'vitest';
import { ContentDigests } from './content-digests.js';
import { DIGEST_NAMES } from './site-context.js';

const CHECK = new TextEncoder().encode('123456789');

/** Of '123456789': the check values of the published definitions. */
const OF_CHECK = {
  md5: '25f9e794323b453885f5181f1b624d0b',
  sha1: 'f7c3bc1d808e04732adf679965ccc34ca7ae3441',
  sha256: '15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225',
  crc32: 'cbf43926',
  crc32c: 'e3069283',
  crc64nvme: 'ae8b14860a799888',
};

const OF_NOTHING = {
  md5: 'd41d8cd98f00b204e9800998ecf8427e',
  sha1: 'da39a3ee5e6b4b0d3255bfef95601890afd80709',
  sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  crc32: '00000000',
  crc32c: '00000000',
  crc64nvme: '0000000000000000',
};

it('computes every digest as its definition says', () => {
  const digests = new ContentDigests(DIGEST_NAMES);
  digests.update(CHECK);
  expect(digests.results()).toEqual(OF_CHECK);
  expect(new ContentDigests(DIGEST_NAMES).results()).toEqual(OF_NOTHING);
});

it('gives the same however the bytes are cut', () => {
  const bytes = Uint8Array.from({ length: 1003 }, (_, i) => (i * 31) & 255);
  const whole = new ContentDigests(DIGEST_NAMES);
  whole.update(bytes);
  const results = whole.results();
  for (const pieceBytes of [1, 7, 8, 9, 64, 500]) {
    const cut = new ContentDigests(DIGEST_NAMES);
    for (let at = 0; at < bytes.length; at += pieceBytes) {
      cut.update(bytes.subarray(at, at + pieceBytes));
    }
    expect(cut.results()).toEqual(results);
  }
});

it('computes only what was asked for, each once', () => {
  const digests = new ContentDigests(['crc32', 'crc32']);
  digests.update(CHECK);
  expect(digests.results()).toEqual({ crc32: OF_CHECK.crc32 });
  expect(new ContentDigests([]).results()).toEqual({});
});
