import { isLoopback } from './tls-config.js';

/**
 * A site without access control takes orders from whoever reaches it: outside the loopback only if
 * its configuration says that this is meant.
 */
export function openFaults(file: {
  readonly host: string;
  readonly admin_key_hash?: string | undefined;
  readonly open_to_all?: true | undefined;
}): (readonly [path: readonly PropertyKey[], reason: string])[] {
  const { host, admin_key_hash: hash, open_to_all: isMeant } = file;
  if (hash !== undefined && isMeant) {
    return [[['open_to_all'], 'a site with admin_key_hash is not open: remove one of the two']];
  }
  if (hash !== undefined || isMeant || isLoopback(host)) return [];
  const danger = `whoever reaches "${host}" could read, change and delete everything`;
  const advice =
    'add admin_key_hash ("quorate init" writes it), listen on 127.0.0.1, ' +
    'or say open_to_all = true if that is meant';
  return [[['host'], `${danger}: ${advice}`]];
}
