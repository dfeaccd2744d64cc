import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { freePorts } from '../../transport/free-ports.js';
import { METHODS, compactRequest, moveLeaderRequest, readStatus } from './etcd-messages.js';
import type { EtcdTls } from './etcd-config.js';
import { LocalMember, type MemberPlan } from './local-member.js';

export interface LocalMembersOptions {
  /** Of their own; kept when they stop. */
  readonly folder: string;
  /** Names, which get free ports of 127.0.0.1, or plans; default three by the names of sites. */
  readonly members?: readonly (string | MemberPlan)[];
  /** As etcd's tuning guide has it: about the largest round trip between members. Default 100. */
  readonly heartbeatMs?: number;
  /** At least ten round trips. Default 1,000. */
  readonly electionMs?: number;
  readonly tls?: EtcdTls;
}

const HOST = '127.0.0.1';
const ASK_EVERY_MS = 20;
const LEADER_LIMIT_MS = 60_000;

/** Whether etcd is installed here. */
export function hasEtcd(): boolean {
  try {
    execFileSync('etcd', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** An etcd cluster of processes on this machine, for tests, measurements and trials. */
export class LocalMembers {
  private constructor(readonly all: readonly LocalMember[]) {}

  /** Resolves once every member serves; else nothing is left running, and it rejects. */
  static async start(options: LocalMembersOptions): Promise<LocalMembers> {
    const { folder, heartbeatMs = 100, electionMs = 1000, tls } = options;
    const wanted = options.members ?? ['nyc', 'tor', 'lon'];
    await mkdir(folder, { recursive: true });
    const ports = await freePorts(2 * wanted.length);
    const plans = wanted.map((member): MemberPlan => {
      if (typeof member !== 'string') return member;
      const [clientPort = 0, peerPort = 0] = ports.splice(0, 2);
      return { name: member, host: HOST, clientPort, peerPort };
    });
    const scheme = tls === undefined ? 'http' : 'https';
    const initialCluster = plans
      .map(({ name, host, peerPort, peerUrl }) => {
        return `${name}=${peerUrl ?? `${scheme}://${host}:${peerPort}`}`;
      })
      .join(',');
    const common = { folder, initialCluster, heartbeatMs, electionMs, ...(tls && { tls }) };
    const members = new LocalMembers(plans.map((plan) => new LocalMember({ ...plan, ...common })));
    try {
      await members.launch();
    } catch (error) {
      await members.stop();
      throw error;
    }
    return members;
  }

  get endpoints(): string[] {
    return this.all.map(({ endpoint }) => endpoint);
  }

  member(name: string): LocalMember {
    const found = this.all.find((member) => member.name === name);
    if (found === undefined) throw new Error(`there is no etcd member ${name}`);
    return found;
  }

  /** Waits until one of those that run leads. */
  async leader(): Promise<LocalMember> {
    const untilMs = performance.now() + LEADER_LIMIT_MS;
    while (performance.now() < untilMs) {
      const running = this.all.filter(({ pid }) => pid !== null);
      const leads = await Promise.all(running.map((member) => member.isLeader()));
      const leader = running[leads.indexOf(true)];
      if (leader !== undefined) return leader;
      await new Promise((resolve) => setTimeout(resolve, ASK_EVERY_MS));
    }
    throw new Error(`etcd has no leader after ${LEADER_LIMIT_MS} ms`);
  }

  /** Makes etcd forget its history before a revision; false if it does not. */
  async compact(revision: number): Promise<boolean> {
    const results = await this.all[0]?.call(METHODS.compact, compactRequest(revision));
    return results?.ok === true;
  }

  /** Hands the leadership over; resolves once the member has it. */
  async moveLeader(to: LocalMember): Promise<void> {
    const untilMs = performance.now() + LEADER_LIMIT_MS;
    for (;;) {
      const leader = await this.leader();
      if (leader === to) return;
      if (performance.now() > untilMs) throw new Error(`${to.name} does not become etcd's leader`);
      const status = await to.call(METHODS.status, new Uint8Array());
      const target = status.ok ? readStatus(status.bytes) : null;
      if (target !== null) {
        await leader.call(METHODS.moveLeader, moveLeaderRequest(target.memberId));
      }
    }
  }

  /** Starts those that do not run, and waits until all serve. */
  async launch(): Promise<void> {
    await Promise.all(this.all.filter(({ pid }) => pid === null).map((member) => member.launch()));
    await Promise.all(this.all.map((member) => member.ready()));
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((member) => member.kill()));
  }
}
