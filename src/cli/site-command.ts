import { readFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { FaultControl } from '../gateways/native-http/fault-control.js';
import type { ListeningHttp } from '../gateways/http-listener.js';
import { listen } from '../gateways/native-http/server.js';
import { listenS3 } from '../gateways/s3/s3-server.js';
import { AuditLog, DEFAULT_AUDIT } from '../site/access/audit-log.js';
import { CallerShares } from '../gateways/caller-shares.js';
import { ConnectionShares } from '../gateways/connection-shares.js';
import { AccessGuard } from '../site/access/access-guard.js';
import { ShareLinks } from '../site/access/shares/share-links.js';
import { SessionTokens } from '../site/access/session-token.js';
import { DEFAULT_CLIENT_LIMITS } from '../site/client-limits.js';
import type { RunningSite } from '../site/running-site.js';
import { readSeal, Seal } from '../site/seal.js';
import type { SiteConfig } from '../site/site-config.js';
import { SiteRefused, SiteRetired } from '../site/start-failure.js';
import type { ExitCode } from './exit-code.js';
import { EXIT } from './exit-code.js';
import { openClientCertificate } from './client-certificate.js';
import { messageOf } from './folder-transfer.js';
import { readSiteConfig } from './site-config.js';
import { FaultChannel } from './up/fault-channel.js';
import type { ChildMessage } from './up/fault-messages.js';
import type { World } from './world.js';
import { write } from './world.js';

/**
 * What starts a site's inner parts; rejects with a sentence for people when it cannot, or, soon after
 * `signal` was aborted, with SiteRefused.
 */
export type RunSite = (
  config: SiteConfig,
  options: { readonly signal: AbortSignal },
) => Promise<RunningSite>;

/** The channel to the process that started this one, where there is one. */
export interface ParentChannel {
  readonly tell: (message: ChildMessage) => void;
  /** Calls back with everything the parent says. */
  readonly listen: (listener: (message: unknown) => void) => void;
  /** Aborted when the parent is gone: a site does not outlive it. */
  readonly gone: AbortSignal;
}

/** The channel of this process to its parent. */
export function parentChannel(): ParentChannel | null {
  if (!process.send) return null;
  const controller = new AbortController();
  process.once('disconnect', () => controller.abort());
  return {
    tell: (message) => {
      if (process.connected) process.send?.(message);
    },
    listen: (listener) => process.on('message', listener),
    gone: controller.signal,
  };
}

/** `quorate site --config FILE`: runs one site until it is told to stop. */
export async function runSiteCommand(
  world: World,
  configFile: string,
  runSite: RunSite,
  parent: ParentChannel | null,
): Promise<ExitCode> {
  const refuse = async (message: string, exit: ExitCode, cause?: unknown): Promise<ExitCode> => {
    parent?.tell({ kind: 'failed', message, ...(isRetired(cause) && { retired: true }) });
    await write(world.err, `quorate: ${message}\n`);
    return exit;
  };
  const path = resolve(world.folder, configFile);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    return refuse(`the configuration cannot be read: ${messageOf(error)}`, EXIT.usage);
  }
  const read = readSiteConfig(text, configFile, dirname(path));
  if (!read.ok) return refuse(read.message, EXIT.usage);
  const { config } = read;
  const signal = AbortSignal.any(parent ? [world.stopped, parent.gone] : [world.stopped]);
  let site: RunningSite;
  try {
    site = await runSite(config, { signal });
  } catch (error) {
    if (error instanceof SiteRefused && error.reason === 'cancelled') return EXIT.ok;
    return refuse(messageOf(error), EXIT.failed, error);
  }
  const gateways = await openGateways(world, config, site, faultChannel(parent, site));
  if (!gateways.ok) {
    await site.stop();
    return refuse(gateways.message, EXIT.failed);
  }
  parent?.tell({ kind: 'ready' });
  await write(world.out, `${config.site} is ready on ${gateways.url}\n`);
  const told = untilAborted(signal);
  const failure = await (site.failed ? Promise.race([told, site.failed]) : told);
  if (failure) {
    await gateways.close(0);
    return refuse(`${config.site} has stopped itself: ${failure.message}`, EXIT.failed, failure);
  }
  gateways.drain();
  // Not before: clients that were sent away could not give back what they hold under lease, and the
  // hand-over would wait for their leases to run out.
  await site.stop(() => gateways.dismiss());
  await gateways.close(1000);
  return EXIT.ok;
}

/** Whether the cluster has no place for the site, so that starting it again is of no use. */
function isRetired(cause: unknown): boolean {
  if (cause instanceof SiteRetired) return true;
  return cause instanceof SiteRefused && cause.reason === 'not_a_site';
}

/** A site that was started to be looked at lets itself be broken on purpose. */
function faultChannel(parent: ParentChannel | null, site: RunningSite): FaultControl | null {
  if (parent === null) return null;
  const channel = new FaultChannel(parent.tell, (...change) => site.setLink?.(...change));
  parent.listen((message) => channel.receive(message));
  return channel;
}

type OpenedGateways =
  | {
      readonly ok: true;
      readonly url: string;
      drain(): void;
      dismiss(): void;
      close(graceMs: number): Promise<void>;
    }
  | { readonly ok: false; readonly message: string };

/** All of a site's interfaces for clients, or none of them and why. */
async function openGateways(
  world: World,
  config: SiteConfig,
  { service, objects, telemetry, certificates, live = null }: RunningSite,
  faults: FaultControl | null,
): Promise<OpenedGateways> {
  const { site, host, httpPort, s3Port } = config;
  const onMistake = (error: unknown): void => {
    world.err.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  };
  const certificate = await openClientCertificate(config, (message) => {
    world.err.write(`quorate: ${message}\n`);
  });
  if (typeof certificate === 'string') return { ok: false, message: certificate };
  if (certificate !== null) certificates?.add('client', certificate);
  const audit = await openAudit(world, config);
  const opened: ListeningHttp[] = [];
  const close = async (graceMs: number): Promise<void> => {
    await Promise.all(opened.map((gateway) => gateway.close(graceMs)));
    await audit.flush();
    certificate?.close();
  };
  const open = async (
    what: string,
    port: number,
    start: () => Promise<ListeningHttp>,
  ): Promise<string | null> => {
    try {
      opened.push(await start());
      return null;
    } catch (error) {
      await close(0);
      return `${what} cannot be served on port ${port} of ${host}: ${messageOf(error)}`;
    }
  };
  const { guard, shares } = await accessOf(config, objects);
  if (guard === null) await warnOfOpenSite(world, config);
  const limits = config.limits ?? DEFAULT_CLIENT_LIMITS;
  const callers = new CallerShares(limits, (reason) => telemetry?.clients.refusedRequest(reason));
  const connections = new ConnectionShares(limits);
  telemetry?.clients.look(() => ({
    connections: connections.open,
    connectionsLimit: limits.connections,
    inFlightBytes: callers.bytes,
    inFlightBytesLimit: limits.inFlightBytes,
  }));
  const gate = { callers, connections, pace: limits };
  const every = { site, host, onMistake, certificate, telemetry, audit, ...gate };
  const native = { ...every, port: httpPort, guard };
  const fault =
    (await open('the HTTP API', httpPort, () =>
      listen(service, { ...native, objects, live, faults, shares }),
    )) ??
    (objects === null || s3Port === undefined
      ? null
      : await open('S3', s3Port, () => listenS3(objects, { ...every, port: s3Port })));
  if (fault !== null) return { ok: false, message: fault };
  const drain = (): void => {
    for (const gateway of opened) gateway.drain();
  };
  const dismiss = (): void => {
    for (const gateway of opened) gateway.dismiss();
  };
  return { ok: true, url: opened[0]?.url ?? '', drain, dismiss, close };
}

function openAudit(world: World, { site, dataFolder, audit }: SiteConfig): Promise<AuditLog> {
  const folder = join(dataFolder, 'audit');
  return AuditLog.open(site, folder, audit ?? DEFAULT_AUDIT, (message) => {
    world.err.write(`quorate: ${message}\n`);
  });
}

async function accessOf(
  { adminKeyHash, sealKeyFile, metricsOpen }: SiteConfig,
  objects: RunningSite['objects'],
): Promise<{ readonly guard: AccessGuard | null; readonly shares: ShareLinks | null }> {
  const read = await readSeal(sealKeyFile);
  const seal = read instanceof Seal ? read : null;
  const shares =
    seal === null || objects === null
      ? null
      : new ShareLinks(seal, objects.records, objects.keys, adminKeyHash ?? '');
  if (adminKeyHash === undefined) return { guard: null, shares };
  const tokens = seal === null ? null : new SessionTokens(seal, adminKeyHash);
  return {
    guard: new AccessGuard(adminKeyHash, objects?.keys ?? null, tokens, metricsOpen === true),
    shares,
  };
}

async function warnOfOpenSite(world: World, { host, httpPort }: SiteConfig): Promise<void> {
  await write(
    world.err,
    `quorate: whoever reaches port ${httpPort} of ${host} may do everything: ` +
      'admin_key_hash is not set\n',
  );
}

function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    if (signal.aborted) done();
    else signal.addEventListener('abort', () => done(), { once: true });
  });
}
