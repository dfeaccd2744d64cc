import type { HttpClient } from '../../../client/http-client.js';
import type { BenchCluster } from '../bench-cluster.js';
import { BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { ETCD_ELECTION_MS, ETCD_HEARTBEAT_MS } from '../../up/etcd-plan.js';
import { amount, spreadOf, spreadText } from '../figure.js';
import type { BenchSettings, Workload } from '../workload.js';
import { pause } from '../../pause.js';

const ROUNDS = 10;
const WRITERS = 8;
const BEFORE_MS = 1500;
const PAUSE_MS = 5;
const GOAL_MS = 3000;
const GOAL_WITH_ETCD_MS = 5000;
const ETCD_NOTE =
  `; etcd: heartbeat ${ETCD_HEARTBEAT_MS}, election ${ETCD_ELECTION_MS} ms, ` +
  'its leader lost with the site each time';
const LINKS = 'nyc-tor 12, nyc-lon 72, tor-lon 86 ms';

interface Acknowledged {
  readonly name: string;
  readonly version: number;
  readonly text: string;
  readonly sentMs: number;
  readonly answeredMs: number;
}

/** Writers that never stop by themselves: each has a file and writes it again and again. */
class Writers {
  readonly acknowledged: Acknowledged[] = [];
  /** Writes of which nobody knows what became. */
  unknown = 0;
  #running = true;
  readonly #all: Promise<void>[];

  constructor(
    cluster: BenchCluster,
    private readonly label: string,
    sites: readonly string[],
  ) {
    this.#all = Array.from({ length: WRITERS }, (_, index) => {
      const site = sites[index % sites.length] ?? '';
      return this.#write(cluster.only(site), `${BUCKET}/nyc/${label}-${index}`);
    });
  }

  async end(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#all);
  }

  async #write(client: HttpClient, name: string): Promise<void> {
    for (let count = 0; this.#running; count += 1) {
      const text = `${this.label} ${count} ${performance.now()}`;
      const sentMs = performance.now();
      const result = await client.put(name, Buffer.from(text));
      const answeredMs = performance.now();
      if (result.outcome === 'committed') {
        const { version } = result.file;
        this.acknowledged.push({ name, version, text, sentMs, answeredMs });
        continue;
      }
      if (result.outcome === 'unknown') this.unknown += 1;
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** When the first write that was sent after a moment was acknowledged. */
  async firstSince(momentMs: number): Promise<number> {
    for (;;) {
      const found = this.acknowledged.findLast(({ sentMs }) => sentMs >= momentMs);
      if (found) {
        return this.acknowledged
          .filter(({ sentMs }) => sentMs >= momentMs)
          .reduce((first, { answeredMs }) => Math.min(first, answeredMs), found.answeredMs);
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  /** The longest time without any acknowledgement, after a moment. */
  longestPauseMs(momentMs: number): number {
    const times = this.acknowledged.map(({ answeredMs }) => answeredMs).sort((a, b) => a - b);
    let longest = 0;
    let last = momentMs;
    for (const time of times) {
      if (time < momentMs) continue;
      longest = Math.max(longest, time - last);
      last = time;
    }
    return longest;
  }
}

/** The primary's site is killed again and again while others write to its files. */
export const failover: Workload = {
  name: 'failover',
  summary: "kill -9 of the primary's site under writers, ten times, and every write read back",
  wan: 'on',
  run: async (cluster, settings) => {
    const tookMs: number[] = [];
    const all: Acknowledged[] = [];
    let unknown = 0;
    for (let round = 0; round < ROUNDS; round += 1) {
      await cluster.etcd?.moveLeader(cluster.etcd.member('nyc'));
      const writers = new Writers(cluster, `failover-${round}`, ['tor', 'lon']);
      await pause(BEFORE_MS);
      const killedMs = performance.now();
      // The machine is lost: with etcd, the member that is there and leads goes with the site.
      await Promise.all([cluster.child('nyc').stop('kill'), cluster.etcd?.member('nyc').kill()]);
      tookMs.push((await writers.firstSince(killedMs)) - killedMs);
      await pause(BEFORE_MS);
      await writers.end();
      all.push(...writers.acknowledged);
      unknown += writers.unknown;
      settings.say(`failover ${round + 1}: ${amount(tookMs.at(-1) ?? 0)} ms`);
      await bringBack(cluster, 'nyc');
    }
    const lost = await countLost(cluster, all, settings);
    return [
      {
        name: "writes succeed again after kill -9 of the primary's site, median",
        value: spreadOf(tookMs).median,
        unit: 'ms',
        goal: { sense: 'at most', value: cluster.etcd === null ? GOAL_MS : GOAL_WITH_ETCD_MS },
        roundTrip: LINKS,
        note: `${spreadText(tookMs)}${cluster.etcd === null ? '' : ETCD_NOTE}`,
      },
      {
        name: '  acknowledged writes lost',
        value: lost,
        unit: `of ${all.length}`,
        goal: { sense: 'at most', value: 0 },
        roundTrip: LINKS,
        note: `read back by version at every site; ${unknown} more ended unknown`,
      },
    ];
  },
};

/** Asks each site for exactly the version that was acknowledged. */
async function countLost(
  cluster: BenchCluster,
  all: readonly Acknowledged[],
  { say }: BenchSettings,
): Promise<number> {
  let lost = 0;
  for (const site of cluster.sites) {
    const client = cluster.near(site);
    const queue = [...all];
    const check = async (): Promise<void> => {
      for (let next = queue.pop(); next; next = queue.pop()) {
        const { name, version, text } = next;
        const opened = await client.get(name, { version });
        if (!opened.ok) {
          lost += 1;
          say(`${name} version ${version} at ${site}: ${opened.message}`);
          continue;
        }
        const pieces: Uint8Array[] = [];
        for await (const piece of opened.value.body) pieces.push(piece);
        if (Buffer.concat(pieces).toString() === text) continue;
        lost += 1;
        say(`${name} version ${version} at ${site} has other content`);
      }
    };
    await Promise.all(Array.from({ length: 32 }, check));
  }
  return lost;
}

/** A site is told to stop; its files have to be writable elsewhere almost at once. */
export const plannedStop: Workload = {
  name: 'planned-stop',
  summary: "stop of the primary's site under writers: how long they stand still",
  wan: 'on',
  run: async (cluster, settings): Promise<Figure[]> => {
    const pausesMs: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const writers = new Writers(cluster, `stop-${round}`, ['tor']);
      await pause(BEFORE_MS);
      const askedMs = performance.now();
      await cluster.child('nyc').stop('clean');
      await writers.firstSince(performance.now());
      await pause(BEFORE_MS / 3);
      await writers.end();
      pausesMs.push(writers.longestPauseMs(askedMs));
      settings.say(`planned stop ${round + 1}: ${amount(pausesMs.at(-1) ?? 0)} ms`);
      await bringBack(cluster, 'nyc');
    }
    return [
      {
        name: "longest time without a write at a planned stop of the primary's site, median",
        value: spreadOf(pausesMs).median,
        unit: 'ms',
        goal: { sense: 'at most', value: 300 },
        roundTrip: LINKS,
        note: `${spreadText(pausesMs)}; ${WRITERS} writers in Toronto`,
      },
    ];
  },
};

async function bringBack(cluster: BenchCluster, site: string): Promise<void> {
  await cluster.etcd?.launch();
  const started = await cluster.child(site).start();
  if (!started.ok) throw new BenchFailed(started.message);
  await cluster.whole();
}
