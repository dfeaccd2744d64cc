import { Random } from '../../../simulator/random.js';
import { machineMs } from '../../machine-clock.js';
import { ClientJob, type ClientTold } from './client-job.js';
import { ClientLoop } from './client-loop.js';
import { Contents } from './contents.js';
import { FeedFollower } from './feed-follower.js';
import { HistoryRecorder } from './history-recorder.js';
import { Names } from './names.js';
import { NativeClient } from './native-client.js';
import { S3Client } from './s3-client.js';
import { SdkClient } from './sdk-client.js';
import type { StoreClient } from './store-client.js';

/*
 * A process of clients: of each interface one at each site. Its only argument is a ClientJob as
 * JSON; it goes on until it hears anything over its channel, writes everything down, and ends.
 */

const TELL_EVERY_MS = 1000;

const job = ClientJob.parse(JSON.parse(process.argv[2] ?? 'null'));
const counts: Record<string, number> = {};
const recorder = new HistoryRecorder(job.historyFile, job.firstId);
const homes = job.http.map(({ site }) => site);
const names = new Names(job.bucket, homes, job.group);
const contents = new Contents();
const stop = new AbortController();
const followers: FeedFollower[] = [];

function tell(message: ClientTold): void {
  if (process.connected) process.send?.(message);
}

function count(what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}

async function open(): Promise<StoreClient[]> {
  const clients: StoreClient[] = [];
  for (const { site } of job.http) {
    clients.push(new NativeClient(site, job.http));
    const sdk = await SdkClient.connect(site, job.http);
    clients.push(sdk);
    const follower = new FeedFollower(`${job.group}-sdk-${site}`, sdk.client, count);
    followers.push(follower);
    follower.follow(`${job.bucket}/`).catch(() => process.exit(1));
    const endpoint = job.s3.find((other) => other.site === site);
    if (endpoint !== undefined) clients.push(new S3Client(site, endpoint, job.key));
  }
  return clients;
}

const clients = await open();
const ticker = setInterval(() => tell({ kind: 'counts', counts }), TELL_EVERY_MS);
process.once('message', () => stop.abort());
process.once('disconnect', () => process.exit(1));
await Promise.all(
  clients.map((client) => {
    const name = `${job.group}-${client.kind}-${client.site}`;
    const loop = new ClientLoop({
      name,
      client,
      random: new Random(`${job.seed}/${name}`),
      names,
      contents,
      recorder,
      count,
      nowMs: () => machineMs() - job.originMs,
      pauseMs: job.pauseMs,
    });
    return loop.run(stop.signal);
  }),
);
clearInterval(ticker);
for (const client of clients) client.close();
recorder.close();
const findings = followers.flatMap((follower) => follower.findings);
process.send?.({ kind: 'done', counts, findings } satisfies ClientTold, () => process.exit(0));
