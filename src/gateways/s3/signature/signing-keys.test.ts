import { expect, it } from 'vitest';
import { readCredential } from './credential.js';
import { deriveSigningKey, SigningKeys } from './signing-keys.js';

const credential = (region: string) => readCredential(`A/20150830/${region}/s3/aws4_request`)!;

it('derives keys of one day, region and service, each its own', () => {
  const key = deriveSigningKey('secret', credential('lon'));
  expect(key.equals(deriveSigningKey('secret', credential('lon')))).toBe(true);
  expect(key.equals(deriveSigningKey('secret', credential('nyc')))).toBe(false);
  expect(key.equals(deriveSigningKey('other', credential('lon')))).toBe(false);
});

it('keeps a thousand keys and no more, the newest used', () => {
  const keys = new SigningKeys();
  for (let at = 0; at < 5000; at += 1) {
    const each = credential(`r${at}`);
    keys.keep(each, 'secret', keys.keyFor(each, 'secret'));
    keys.keep(credential('first'), 'secret', Buffer.from('kept'));
  }
  expect(keys.size).toBe(1024);
  expect(keys.keyFor(credential('first'), 'secret').toString()).toBe('kept');
  expect(keys.keyFor(credential('first'), 'changed').toString()).not.toBe('kept');
});
