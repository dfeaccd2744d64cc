import { connect, type QuorateClient } from '../../../client/sdk/node.js';
import { type BenchCluster, BenchFailed, BUCKET } from '../bench-cluster.js';
import type { Figure } from '../figure.js';
import { amount, spreadOf } from '../figure.js';
import type { Workload } from '../workload.js';
import { pause } from '../../pause.js';

const BEFORE_MS = 1500;
/** After a site is back and has its files again: its clients return to it. */
const AFTER_MS = 3000;
const PAUSE_MS = 10;
const LINKS = 'nyc-tor 12, nyc-lon 72, tor-lon 86 ms';
const TOLD_LIMIT = 10;

type Kind = 'reads with the SDK' | 'writes with the SDK' | 'reads over HTTP' | 'writes over HTTP';

interface Asked {
  readonly kind: Kind;
  readonly site: string;
  readonly sentMs: number;
  readonly tookMs: number;
  /** '' for a request that succeeded. */
  readonly failure: string;
}

type Request = (count: number) => Promise<string>;

/** Clients of every kind near every site, each with one request after the other. */
class Load {
  readonly asked: Asked[] = [];
  private running = true;
  private readonly loops: Promise<void>[] = [];
  private readonly clients: QuorateClient[] = [];

  static async start(cluster: BenchCluster): Promise<Load> {
    const load = new Load();
    for (const site of cluster.sites) {
      const sdk = await connect({ sites: cluster.endpoints, near: site, key: cluster.key });
      load.clients.push(sdk);
      const http = cluster.near(site);
      // Each reads what the writer at the next site writes: caches are filled and emptied.
      const next = cluster.sites[(cluster.sites.indexOf(site) + 1) % cluster.sites.length] ?? site;
      const own = (home: string, by: string): string => `${BUCKET}/${home}/${by}-${site}`;
      const other = (home: string, by: string): string => `${BUCKET}/${home}/${by}-${next}`;
      for (const home of cluster.sites) {
        await sdk.write(own(home, 'sdk'), 'first');
        await sdk.write(own(home, 'http'), 'first');
        load.loop('writes with the SDK', site, async (count) => {
          const result = await sdk.write(own(home, 'sdk'), `${count}`);
          return result.outcome === 'committed' ? '' : `${result.outcome} (${result.reason})`;
        });
        load.loop('reads with the SDK', site, async () => {
          const result = await sdk.read(other(home, 'sdk'));
          return result.outcome === 'found' || result.outcome === 'absent' ? '' : result.reason;
        });
        load.loop('writes over HTTP', site, async (count) => {
          const result = await http.put(own(home, 'http'), Buffer.from(`${count}`));
          return result.outcome === 'committed' ? '' : `${result.outcome} (${result.code})`;
        });
        load.loop('reads over HTTP', site, async () => {
          const result = await http.get(other(home, 'http'));
          if (!result.ok) return result.code === 'no_such_file' ? '' : result.code;
          for await (const _piece of result.value.body);
          return '';
        });
      }
    }
    return load;
  }

  async end(): Promise<void> {
    this.running = false;
    await Promise.all(this.loops);
    for (const client of this.clients) client.close();
  }

  private loop(kind: Kind, site: string, request: Request): void {
    const run = async (): Promise<void> => {
      for (let count = 0; this.running; count += 1) {
        const sentMs = performance.now();
        const failure = await request(count).catch((error: unknown) => String(error));
        this.asked.push({ kind, site, sentMs, tookMs: performance.now() - sentMs, failure });
        await pause(PAUSE_MS);
      }
    };
    this.loops.push(run());
  }
}

/** Every site is restarted in turn while clients near each read and write files of each. */
export const rollingRestart: Workload = {
  name: 'rolling-restart',
  summary: 'every site restarted in turn under readers and writers at all of them',
  wan: 'on',
  run: async (cluster, { say }): Promise<Figure[]> => {
    const load = await Load.start(cluster);
    await pause(BEFORE_MS);
    const beganMs = performance.now();
    for (const site of cluster.sites) {
      const startMs = performance.now();
      await cluster.child(site).stop('clean');
      const stoppedMs = performance.now();
      const started = await cluster.child(site).start();
      if (!started.ok) throw new BenchFailed(started.message);
      await cluster.whole(true);
      say(`${site} stopped in ${amount(stoppedMs - startMs)} ms`);
      await pause(AFTER_MS);
    }
    await load.end();
    const during = load.asked.filter(({ sentMs }) => sentMs >= beganMs);
    const failed = during.filter(({ failure }) => failure !== '');
    for (const { kind, site, failure, tookMs } of failed.slice(0, TOLD_LIMIT)) {
      say(`${kind} near ${site}: ${failure} after ${amount(tookMs)} ms`);
    }
    const longest = [...during].sort((a, b) => b.tookMs - a.tookMs).slice(0, TOLD_LIMIT);
    for (const { kind, site, tookMs, sentMs } of longest) {
      say(
        `${amount(tookMs)} ms: ${kind} near ${site}, ${amount(sentMs - beganMs)} ms after the begin`,
      );
    }
    return [
      {
        name: 'requests that failed while every site was restarted',
        value: failed.length,
        unit: `of ${during.length}`,
        goal: { sense: 'at most', value: 0 },
        roundTrip: LINKS,
        note: 'clients of the SDK and of HTTP at each site, retries inside of them',
      },
      longestOf('the longest that any request took', during, true),
      ...[...new Set(during.map(({ kind }) => kind))].map((kind) =>
        longestOf(
          `  ${kind}`,
          during.filter((asked) => asked.kind === kind),
          false,
        ),
      ),
    ];
  },
};

function longestOf(name: string, asked: readonly Asked[], hasGoal: boolean): Figure {
  const tookMs = asked.map((each) => each.tookMs);
  return {
    name,
    value: tookMs.reduce((longest, ms) => Math.max(longest, ms), 0),
    unit: 'ms',
    goal: hasGoal ? { sense: 'at most', value: 500 } : null,
    roundTrip: LINKS,
    note: hasGoal ? '' : `median ${amount(spreadOf(tookMs).median)} ms`,
  };
}
