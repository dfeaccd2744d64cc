import { expect, it } from 'vitest';
import { addressShare, isOwnMachine } from './client-address.js';

it('counts an IPv4 address by itself, however it is written', () => {
  expect(addressShare('10.0.0.1')).toBe('10.0.0.1');
  expect(addressShare('::ffff:10.0.0.1')).toBe('10.0.0.1');
  expect(addressShare('10.0.0.2')).not.toBe(addressShare('10.0.0.1'));
});

it('counts all of a 64-bit network of IPv6 as one', () => {
  const shares = [
    '2001:db8:0:1::1',
    '2001:db8:0:1:ffff::2',
    '2001:0DB8::1:0:0:0:3',
    '2001:db8:0:1::4%e0',
  ];
  expect(new Set(shares.map(addressShare))).toEqual(new Set(['2001:db8:0:1::/64']));
  expect(addressShare('2001:db8:0:2::1')).not.toBe('2001:db8:0:1::/64');
  expect(addressShare('fe80::1')).toBe('fe80:0:0:0::/64');
});

it('knows the machine itself', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1']) {
    expect(isOwnMachine(addressShare(address))).toBe(true);
  }
  for (const address of ['10.0.0.1', '2001:db8::1', undefined]) {
    expect(isOwnMachine(addressShare(address))).toBe(false);
  }
});
