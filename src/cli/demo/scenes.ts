import { printable, tableLines } from '../figures.js';
import type { DemoCluster, Seen } from './demo-cluster.js';
import type { DemoFile } from './demo-files.js';
import type { Narrator } from './narrator.js';
import { eventually } from './narrator.js';

/*
 * The scenes, in their order. Each leaves all three sites running. `subject` is the file whose
 * primary gets into trouble: one whose home is New York.
 */

export interface Stage {
  readonly cluster: DemoCluster;
  readonly narrator: Narrator;
  readonly files: readonly DemoFile[];
  /** The file that is written to, and its home. */
  readonly subject: string;
  readonly home: string;
  /** The two other sites, the nearer first. */
  readonly others: readonly [string, string];
}

const SETTLE_LIMIT_MS = 30_000;

export async function everywhere({ cluster, narrator, files }: Stage): Promise<void> {
  await narrator.scene('Every file on every site, each with its primary');
  const rows = [['FILE', 'PRIMARY', ...cluster.sites]];
  for (const { name, bytes } of files) {
    const text = Buffer.from(bytes).toString('latin1');
    const arrived = await eventually(async () => {
      const local = await cluster.readEverywhere(name, 'local');
      return local.every((seen) => seen?.text === text);
    }, SETTLE_LIMIT_MS);
    const seen = await cluster.readEverywhere(name);
    rows.push([printable(name), seen[0]?.primary ?? '?', ...seen.map(described)]);
    const same = seen.every((one) => one?.text === text && one.version === 1);
    const own = seen.every((one) => one?.freshness === 'primary' || one?.freshness === 'validated');
    await narrator.check(
      `${printable(name)}: the same bytes at all sites, from their own disks`,
      arrived && same && own,
    );
  }
  for (const line of tableLines(rows)) await narrator.say(line);
}

function described(seen: Seen | null): string {
  return seen ? `v${seen.version} ${seen.freshness}` : 'no answer';
}

export async function nearest(stage: Stage): Promise<void> {
  const { cluster, narrator, subject } = stage;
  await narrator.scene('A read is served by the nearest site, or else by the next');
  const before = await cluster.read(cluster.near('lon'), subject);
  await narrator.check(`near London, ${before?.site} serves it`, before?.site === 'lon');
  await cluster.child('lon').stop('kill');
  const after = await cluster.read(cluster.near('lon'), subject);
  await narrator.check(
    `with London down, ${after?.site ?? 'nobody'} serves it, the same version`,
    after !== null && after.site !== 'lon' && after.version === before?.version,
  );
  await bringBack(stage, ['lon']);
}

export async function writeThrough(stage: Stage): Promise<void> {
  const { cluster, narrator, subject, home } = stage;
  await narrator.scene('A write goes through the primary and reaches all three');
  const before = await cluster.read(cluster.near(home), subject);
  const text = 'written in London\n';
  const start = performance.now();
  const result = await cluster.near('lon').put(subject, Buffer.from(text));
  const tookMs = performance.now() - start;
  const version = result.outcome === 'committed' ? result.file.version : 0;
  const primary = result.outcome === 'committed' ? result.primary : '';
  await narrator.say(
    `from London, committed by ${primary} as version ${version} in ${tookMs.toFixed(0)} ms`,
  );
  await narrator.check('it is the next version', version === (before?.version ?? 0) + 1);
  const strong = await cluster.readEverywhere(subject);
  await narrator.check(
    'every site reads it at once',
    strong.every((seen) => seen?.text === text && seen.version === version),
  );
  const onDisk = await localVersions(stage, version);
  await narrator.check('every site has it on its own disk', onDisk);
}

export async function oneSiteDown(stage: Stage): Promise<void> {
  const { cluster, narrator, files, home, others } = stage;
  const [, away] = others;
  await narrator.scene(`One site (${away}) is stopped: reads and writes go on`);
  await cluster.child(away).stop('clean');
  const versions = new Map<string, number>();
  for (const { name } of files) {
    const result = await cluster.near(home).put(name, Buffer.from(`while ${away} was away\n`));
    const committed = result.outcome === 'committed';
    if (committed) versions.set(name, result.file.version);
    const read = await cluster.read(cluster.near(home), name);
    await narrator.check(
      `${printable(name)} is written and read back`,
      committed && read?.version === result.file.version,
    );
  }
  const tookMs = await bringBack(stage, [away]);
  await narrator.say(`${away} was back and current ${tookMs.toFixed(0)} ms after its start`);
  for (const [name, version] of versions) {
    const caughtUp = await eventually(async () => {
      const seen = await cluster.read(cluster.only(away), name, 'local');
      return seen?.version === version;
    }, SETTLE_LIMIT_MS);
    await narrator.check(`${away} has caught up with ${printable(name)}`, caughtUp);
  }
}

export async function primaryKilled(stage: Stage): Promise<void> {
  const { cluster, narrator, subject, others } = stage;
  const before = await cluster.read(cluster.near(others[0]), subject);
  const primary = before?.primary ?? stage.home;
  await narrator.scene(`The primary's site (${primary}) is killed: another takes over`);
  const survivor = cluster.sites.find((site) => site !== primary) ?? others[0];
  await cluster.child(primary).stop('kill');
  const start = performance.now();
  const result = await cluster.near(survivor).put(subject, Buffer.from('after the kill\n'));
  const tookMs = performance.now() - start;
  const committed = result.outcome === 'committed';
  await narrator.say(
    committed
      ? `${result.primary} took over: written again ${(tookMs / 1000).toFixed(2)} s after the kill`
      : `${result.outcome}: ${result.message}`,
  );
  await narrator.check(
    'another site is the primary now',
    committed && result.primary !== primary && result.primary !== '',
  );
  const version = committed ? result.file.version : 0;
  await narrator.check('the version is the next one', version === (before?.version ?? 0) + 1);
  await bringBack(stage, [primary]);
  await narrator.check(`${primary} is back and has it`, await localVersions(stage, version));
}

export async function twoSitesDown(stage: Stage): Promise<void> {
  const { cluster, narrator, subject, home, others } = stage;
  await narrator.scene('Two sites are killed: a write is refused at once');
  const before = await cluster.read(cluster.near(home), subject);
  await Promise.all(others.map((site) => cluster.child(site).stop('kill')));
  await narrator.check(
    `${home} notices that it is alone`,
    await eventually(() => cluster.isAlone(home), SETTLE_LIMIT_MS),
  );
  const start = performance.now();
  const result = await cluster.only(home).put(subject, Buffer.from('must not be\n'));
  const tookMs = performance.now() - start;
  await narrator.say(
    result.outcome === 'committed' ? 'it was committed!' : `${home} says: ${result.message}`,
  );
  await narrator.check(
    `the write is rejected, in ${tookMs.toFixed(0)} ms, and the client is told why`,
    result.outcome === 'rejected' && result.message !== '' && tookMs < 2000,
  );
  const local = await cluster.read(cluster.only(home), subject, 'local');
  await narrator.check(
    `what ${home} has is still served when stale data is accepted, and says that it may be old`,
    local?.freshness === 'local' && local.version === before?.version,
  );
  await bringBack(stage, others);
  const seen = await cluster.readEverywhere(subject);
  await narrator.check(
    'it was applied on no site',
    seen.every((one) => one?.version === before?.version && one?.text === before?.text),
  );
}

export async function staleReplica(stage: Stage): Promise<void> {
  const { cluster, narrator, subject, home, others } = stage;
  const [, away] = others;
  await narrator.scene(`A site (${away}) that missed writes is never read as current`);
  await cluster.child(away).stop('kill');
  const result = await cluster.near(home).put(subject, Buffer.from('missed by one\n'));
  const version = result.outcome === 'committed' ? result.file.version : Number.POSITIVE_INFINITY;
  await narrator.check(
    `version ${version} is written without ${away}`,
    result.outcome === 'committed',
  );
  const answers: number[] = [];
  let unanswered = 0;
  const starting = cluster.child(away).start();
  const served = await eventually(async () => {
    const seen = await cluster.read(cluster.only(away), subject);
    if (seen) answers.push(seen.version);
    else unanswered += 1;
    return answers.length >= 20;
  }, SETTLE_LIMIT_MS);
  await starting;
  await narrator.say(
    `asked since its start: ${unanswered} times no answer, then ${answers.length} answers`,
  );
  await narrator.check(
    'from its first answer on it gives the newest version',
    served && answers.every((answered) => answered === version),
  );
  await bringBack(stage, []);
}

export async function sameInTheEnd(stage: Stage): Promise<void> {
  const { cluster, narrator, files } = stage;
  await narrator.scene('In the end every site has the same history');
  for (const { name } of files) {
    let last: (string | null)[] = [];
    const same = await eventually(async () => {
      last = await Promise.all(cluster.sites.map((site) => cluster.history(site, name)));
      return last[0] !== null && last.every((history) => history === last[0]);
    }, SETTLE_LIMIT_MS);
    const count = last[0]?.split(' ').length ?? 0;
    await narrator.check(`${printable(name)}: ${count} versions, the same everywhere`, same);
  }
}

/** Starts sites again and waits until all is well; gives the time that took. */
async function bringBack({ cluster, narrator }: Stage, sites: readonly string[]): Promise<number> {
  const start = performance.now();
  const started = await Promise.all(sites.map((site) => cluster.child(site).start()));
  const whole = await eventually(() => cluster.isWhole(), SETTLE_LIMIT_MS);
  if (!whole || started.some(({ ok }) => !ok)) {
    await narrator.check(`the cluster is whole again (${sites.join(', ')} back)`, false);
  }
  return performance.now() - start;
}

function localVersions({ cluster, subject }: Stage, version: number): Promise<boolean> {
  return eventually(async () => {
    const local = await cluster.readEverywhere(subject, 'local');
    return local.every((seen) => seen?.version === version);
  }, SETTLE_LIMIT_MS);
}
