import { isIPv6 } from 'node:net';

/**
 * What counts as one address: an IPv4 address, or the first 64 bits of an IPv6 address, which is the
 * least that anybody is given and may change within at will. `undefined`, of a connection that is
 * gone, is an address, too.
 */
export function addressShare(remoteAddress: string | undefined): string {
  if (remoteAddress === undefined) return '';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  // A zone tells interfaces apart, not machines.
  const plain = remoteAddress.split('%')[0] ?? '';
  return isIPv6(plain) ? `${networkOf(plain)}::/64` : remoteAddress;
}

/** Of the machine itself: its programs, and proxies that speak for many. */
export function isOwnMachine(share: string): boolean {
  return share.startsWith('127.') || share === LOOPBACK_NETWORK;
}

const LOOPBACK_NETWORK = '0:0:0:0::/64';

function networkOf(address: string): string {
  const [before = '', after] = address.split('::');
  const first = before === '' ? [] : before.split(':');
  const last = after === undefined || after === '' ? [] : after.split(':');
  // An IPv4 address at the end stands for two groups; it is never within the first four but one.
  const lastCount = last.length + (last.at(-1)?.includes('.') ? 1 : 0);
  const gap = after === undefined ? 0 : 8 - first.length - lastCount;
  const groups = [...first, ...Array.from({ length: gap }, () => '0'), ...last].slice(0, 4);
  return groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':');
}
