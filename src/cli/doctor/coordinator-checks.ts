import { request as httpRequest } from 'node:http';
import { type RequestOptions, request as httpsRequest } from 'node:https';
import * as z from 'zod';
import { readFile } from 'node:fs/promises';
import { parseJson } from '../../client/attempts.js';
import { readText } from '../../client/site-endpoint.js';
import { versionFault } from '../../coordinator/etcd/server-version.js';
import type { EtcdConfig } from '../../coordinator/etcd/etcd-config.js';
import type { SiteConfig } from '../../site/site-config.js';
import { messageOf } from '../folder-transfer.js';
import { fault, type Finding, ok, shortMs, warning } from './finding.js';

const ASK_LIMIT_MS = 5000;
const ANSWER_LIMIT_BYTES = 1024 * 1024;

const Version = z.object({ etcdserver: z.string() });
const Health = z.object({ health: z.union([z.literal('true'), z.literal(true)]) });

/** Whether the coordinator is there, of a version that will do, and how far away. */
export async function checkCoordinator({ coordinator }: SiteConfig): Promise<Finding[]> {
  if ('etcd' in coordinator) return checkEtcd(coordinator.etcd);
  const { url } = coordinator;
  try {
    const { tookMs } = await ask(`${url}/v1/health`, {});
    return [ok('coordinator', `${url} answers in ${shortMs(tookMs)}`)];
  } catch (error) {
    const advice = 'it is part of quorate up: start that';
    return [fault('coordinator', `${url} does not answer: ${messageOf(error)}`, advice)];
  }
}

async function checkEtcd({ endpoints, tls = {} }: EtcdConfig): Promise<Finding[]> {
  const secrets: RequestOptions = {};
  try {
    if (tls.caFile !== undefined) secrets.ca = await readFile(tls.caFile);
    if (tls.certFile !== undefined) secrets.cert = await readFile(tls.certFile);
    if (tls.keyFile !== undefined) secrets.key = await readFile(tls.keyFile);
  } catch (error) {
    const advice = 'put the files there that [coordinator.etcd] names';
    return [fault('etcd', `a certificate cannot be read: ${messageOf(error)}`, advice)];
  }
  const members = await Promise.all(endpoints.map((url) => checkMember(url, secrets)));
  return [...members.map(({ finding }) => finding), judgeQuorum(members)];
}

function judgeQuorum(members: readonly MemberAnswer[]): Finding {
  const about = 'etcd quorum';
  const serving = members.filter(({ peers }) => peers !== null);
  const message = `${serving.length} of ${members.length} endpoints serve`;
  if (serving.length === 0) {
    const advice = 'start etcd at more than half of the sites, and open its ports between them';
    return fault(about, message, advice);
  }
  if (serving.length < members.length) {
    const advice = 'bring the others back: the loss of one more may stop writes';
    return warning(about, message, advice);
  }
  const most = Math.max(...serving.map(({ peers }) => peers ?? 0)) + 1;
  if (most >= 3) return ok(about, `${message}; ${most} members are in touch`);
  const advice = 'three members outlive the loss of one';
  return warning(about, `${message}; ${most} members are in touch`, advice);
}

interface MemberAnswer {
  readonly finding: Finding;
  /** Other members that it is in touch with; null: it does not serve. */
  readonly peers: number | null;
}

async function checkMember(url: string, secrets: RequestOptions): Promise<MemberAnswer> {
  const about = `etcd ${new URL(url).host}`;
  try {
    const version = Version.parse(
      parseJson((await ask(`${url}/version`, secrets)).text),
    ).etcdserver;
    const wrong = versionFault(version);
    if (wrong !== null) return lost(fault(about, `it ${wrong}`, 'install a newer etcd'));
    const metrics = (await ask(`${url}/metrics`, secrets)).text;
    const { hasLeader, isLeader, peers } = readMetrics(metrics);
    if (!hasLeader) {
      const advice = 'look at its log: it does not reach more than half of the members';
      return lost(fault(about, `version ${version}, and it knows of no leader`, advice));
    }
    // Answered by a read that more than half of the members agree on.
    const health = await ask(`${url}/health`, secrets);
    if (!Health.safeParse(parseJson(health.text)).success) {
      const advice = 'see etcdctl alarm list, and its log';
      return lost(fault(about, `version ${version}, and it is not well`, advice));
    }
    const role = isLeader ? ', the leader' : '';
    const message = `version ${version}${role}; agrees on a read in ${shortMs(health.tookMs)}`;
    return { finding: ok(about, message), peers };
  } catch (error) {
    const advice = 'start it, open its port, and see that its certificate is of this cluster';
    return lost(fault(about, `it does not answer: ${messageOf(error)}`, advice));
  }
}

/** Of a member's metrics, what says how it stands. */
export function readMetrics(text: string): {
  readonly hasLeader: boolean;
  readonly isLeader: boolean;
  readonly peers: number;
} {
  const active = text.matchAll(/^etcd_network_active_peers\{[^}]*\} (\d+)/gm);
  return {
    hasLeader: /^etcd_server_has_leader 1$/m.test(text),
    isLeader: /^etcd_server_is_leader 1$/m.test(text),
    peers: [...active].filter(([, count]) => Number(count) > 0).length,
  };
}

function lost(finding: Finding): MemberAnswer {
  return { finding, peers: null };
}

/** Rejects unless it is answered with success, in whole and in time. */
function ask(
  url: string,
  secrets: RequestOptions,
): Promise<{ readonly text: string; readonly tookMs: number }> {
  return new Promise((resolve, reject) => {
    const beganMs = performance.now();
    const signal = AbortSignal.timeout(ASK_LIMIT_MS);
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, { ...secrets, signal });
    request.once('error', (error) => {
      reject(signal.aborted ? new Error(`no answer within ${ASK_LIMIT_MS / 1000} s`) : error);
    });
    request.once('response', (answer) => {
      const tookMs = performance.now() - beganMs;
      readText(answer, ANSWER_LIMIT_BYTES).then((text) => {
        if (answer.statusCode === 200 && text !== null) resolve({ text, tookMs });
        else reject(new Error(`status ${answer.statusCode ?? 0}`));
      }, reject);
    });
    request.end();
  });
}
