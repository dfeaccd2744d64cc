import { openEtcdCoordinator } from '../coordinator/etcd/etcd-coordinator.js';
import {
  type RemoteCoordinator,
  createRemoteCoordinator,
} from '../coordinator/remote-coordinator.js';
import type { SiteConfig } from './site-config.js';
import { type StartFailure, startFailure } from './start-failure.js';

export type CoordinatorOpening =
  | { readonly ok: true; readonly coordinator: RemoteCoordinator }
  | StartFailure;

/**
 * Whichever coordinator a site's configuration names. Of etcd it waits for a member that answers,
 * says its version, and refuses one that is too old.
 */
export async function openCoordinator(
  config: Pick<SiteConfig, 'coordinator'>,
  report: (message: string) => void,
  signal: AbortSignal,
): Promise<CoordinatorOpening> {
  if ('url' in config.coordinator) {
    const { hostname, port } = new URL(config.coordinator.url);
    const coordinator = createRemoteCoordinator({ host: hostname, port: Number(port || 80) });
    return { ok: true, coordinator };
  }
  const { etcd } = config.coordinator;
  const opened = await openEtcdCoordinator(etcd, { report });
  if (!opened.ok) return startFailure('wrong_config', opened.message);
  const { coordinator } = opened;
  const started = await coordinator.start(signal);
  if (!started.ok) {
    coordinator.close();
    return startFailure(signal.aborted ? 'cancelled' : 'wrong_config', started.message);
  }
  report(`the coordinator is etcd ${started.version} at ${etcd.endpoints.join(', ')}`);
  return { ok: true, coordinator };
}
