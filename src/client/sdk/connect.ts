import { QuorateClient } from './client.js';
import { ClientParts } from './client-parts.js';
import { type ConnectOptions, DEFAULT_TIMEOUT_MS, sitesOf } from './options.js';
import type { Platform } from './platform.js';
import { Sites } from './sites.js';

/** No site took the session in time. */
export class NoSiteReached extends Error {
  override readonly name = 'NoSiteReached';
}

/** The sites do not take the key, or want one. */
export class KeyRefused extends Error {
  override readonly name = 'KeyRefused';
}

/** `connect` on a platform of one's own. */
export async function connectOn(
  platform: Platform,
  options: ConnectOptions,
): Promise<QuorateClient> {
  const sites = new Sites(platform, sitesOf(options), options.near);
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const startMs = platform.monoMs();
  if (sites.all.length > 1) await sites.measure(sites.all);
  const parts = new ClientParts(platform, sites, options);
  const client = new QuorateClient(parts);
  const leftMs = Math.max(0, startMs + timeoutMs - platform.monoMs());
  return new Promise((resolve, reject) => {
    const urls = sites.all.map(({ url }) => url).join(', ');
    const giveUp = (error: Error): void => {
      stopListening();
      parts.close();
      reject(error);
    };
    const cancel = platform.setTimer(leftMs, () =>
      giveUp(new NoSiteReached(`none of ${urls} took a session within ${timeoutMs} ms`)),
    );
    const stops = [
      parts.listeners.add('refused', () =>
        giveUp(new KeyRefused(`${urls}: the sites want an access key, and another than this`)),
      ),
      parts.listeners.add('site', (site) => {
        if (site === null) return;
        stopListening();
        resolve(client);
      }),
    ];
    const stopListening = (): void => {
      cancel();
      for (const stop of stops) stop();
    };
    parts.link.start();
  });
}
