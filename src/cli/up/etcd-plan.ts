import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { DEFAULT_ETCD_PREFIX } from '../../coordinator/etcd/etcd-config.js';
import { METHODS, readStatus } from '../../coordinator/etcd/etcd-messages.js';
import { hasEtcd, LocalMembers } from '../../coordinator/etcd/local-members.js';
import type { SiteConfig } from '../../site/site-config.js';
import { CLEAR, type Condition } from '../../transport/fault-proxy/condition.js';
import { Way } from '../../transport/fault-proxy/way.js';
import type { Wan } from '../../transport/wan.js';
import { SITES } from '../cluster-address.js';
import { HOST } from './cluster-plan.js';

/*
 * An etcd of one member for each site on this machine. The members speak to each other over ways
 * that are as long as those between the sites; each site speaks to its own member first.
 */

/** For the round trips between the cities, of at most 86 ms, as etcd's tuning guide has it. */
export const ETCD_HEARTBEAT_MS = 100;
export const ETCD_ELECTION_MS = 1000;

/** Which coordinator a cluster on one machine has. */
export type CoordinatorKind = 'embedded' | 'etcd';

export interface EtcdOnThisMachine {
  readonly members: LocalMembers;
  coordinatorOf(site: string): SiteConfig['coordinator'];
  stop(): Promise<void>;
}

export interface EtcdPlanOptions {
  readonly dataFolder: string;
  /** The nine ports above it are used. */
  readonly basePort: number;
  readonly wan: Wan;
}

/** Why this data folder, made with one coordinator, cannot have another; null when it can. */
export async function coordinatorChange(
  dataFolder: string,
  wanted: CoordinatorKind,
): Promise<string | null> {
  const other = wanted === 'etcd' ? join('coordinator', 'state') : 'etcd';
  const exists = await stat(join(dataFolder, other)).then(
    () => true,
    () => false,
  );
  if (!exists) return null;
  const made = wanted === 'etcd' ? 'embedded' : 'etcd';
  return `${dataFolder} was made with --coordinator ${made}, and stays with it`;
}

/** Rejects with a sentence for people. */
export async function startEtcd(options: EtcdPlanOptions): Promise<EtcdOnThisMachine> {
  if (!hasEtcd()) throw new Error('etcd is not installed here (Debian: apt install etcd-server)');
  const { dataFolder, basePort, wan } = options;
  const plans = SITES.map(({ site }, index) => ({
    name: site,
    host: HOST,
    clientPort: basePort + 4 + index,
    peerPort: basePort + 7 + index,
    peerUrl: `http://${HOST}:${basePort + 1 + index}`,
  }));
  const names = new Map(plans.map(({ name, peerUrl }) => [memberId(peerUrl), name]));
  const ways: Way[] = [];
  const closeWays = async (): Promise<void> => {
    await Promise.all(ways.map((way) => way.close()));
  };
  let members: LocalMembers | null = null;
  try {
    for (const [index, { name, peerPort }] of plans.entries()) {
      const conditionOf = (first: Buffer): Condition =>
        lengthOf(wan, names.get(senderOf(first) ?? '') ?? name, name);
      const port = basePort + 1 + index;
      ways.push(await Way.open({ host: HOST, port, toPort: peerPort, conditionOf }));
    }
    members = await LocalMembers.start({
      folder: join(dataFolder, 'etcd'),
      members: plans,
      heartbeatMs: ETCD_HEARTBEAT_MS,
      electionMs: ETCD_ELECTION_MS,
    });
    await checkNames(members, names);
  } catch (error) {
    await members?.stop();
    await closeWays();
    throw error;
  }
  const started = members;
  return {
    members: started,
    coordinatorOf: (site) => {
      const own = started.member(site);
      const others = started.all.filter((member) => member !== own);
      const endpoints = [own, ...others].map(({ endpoint }) => endpoint);
      return { etcd: { endpoints, prefix: DEFAULT_ETCD_PREFIX } };
    },
    stop: async () => {
      await started.stop();
      await closeWays();
    },
  };
}

/** The number that etcd gives to a member of a new cluster, as it is written in its messages. */
function memberId(peerUrl: string): string {
  const digest = createHash('sha1').update(`${peerUrl}etcd-cluster`).digest();
  return digest.readBigUInt64BE(0).toString(16);
}

/** The delays rest on knowing who speaks: better none than wrong ones. */
async function checkNames(
  members: LocalMembers,
  names: ReadonlyMap<string, string>,
): Promise<void> {
  for (const member of members.all) {
    const result = await member.call(METHODS.status, new Uint8Array());
    const status = result.ok ? readStatus(result.bytes) : null;
    if (status !== null && names.get(status.memberId.toString(16)) === member.name) continue;
    throw new Error(`this etcd numbers its members in a way that is not known here`);
  }
}

/** Which member opened a connection to another, by the head of its first request. */
function senderOf(first: Buffer): string | undefined {
  return /\r\nX-Server-From: ([0-9a-f]+)\r\n/i.exec(first.toString('latin1'))?.[1];
}

function lengthOf(wan: Wan, from: string, to: string): Condition {
  const link = wan[`${from}-${to}`] ?? wan[`${to}-${from}`];
  if (link === undefined) return CLEAR;
  return { ...CLEAR, delayMs: link.rttMs / 2, jitterMs: link.jitterMs / 2 };
}
