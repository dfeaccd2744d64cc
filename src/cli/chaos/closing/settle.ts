import type { ClusterAnswer } from '../../../client/answers.js';
import type { ChaosCluster } from '../chaos-cluster.js';
import { pause } from '../../pause.js';
import { hasEverything, type SiteKeeper } from '../site-keeper.js';

const ASK_EVERY_MS = 500;
const VERIFY_SILENCE_MS = 900_000;
const SCRUB_PASSES = 2;

export interface Settled {
  /** Until all sites said that they are the same. */
  readonly tookMs: number;
  /** Sentences; none where all is as it has to be. */
  readonly wrong: readonly string[];
  /** What scrubbing repaired at each site at the end, and over the whole run of its process. */
  readonly repaired: number;
  readonly chunks: number;
}

/**
 * Everything is healed by now. Waits until all sites agree, compares them, and has every site read
 * all that it keeps, twice: what the first pass repairs the second must not find again.
 */
export async function settle(
  cluster: ChaosCluster,
  keeper: SiteKeeper,
  limitMs: number,
  stopped: AbortSignal,
): Promise<Settled> {
  const startMs = performance.now();
  const left = (): boolean => performance.now() - startMs < limitMs && !stopped.aborted;
  let wrong = ['nobody was asked'];
  for (const site of cluster.sites) {
    if (cluster.child(site).state !== 'ready') await keeper.up(site);
  }
  while (wrong.length > 0 && left()) {
    wrong = await differences(cluster);
    if (wrong.length > 0) await pause(ASK_EVERY_MS);
  }
  const tookMs = performance.now() - startMs;
  if (wrong.length > 0) {
    const inVain = `${(tookMs / 1000).toFixed(0)} s after everything was healed: `;
    return { tookMs, wrong: wrong.map((each) => inVain + each), repaired: 0, chunks: 0 };
  }
  const passes = await Promise.all(cluster.sites.map((site) => scrub(cluster, site, stopped)));
  return {
    tookMs,
    wrong: passes.flatMap((pass) => pass.wrong),
    repaired: passes.reduce((sum, pass) => sum + pass.repaired, 0),
    chunks: passes.reduce((sum, pass) => sum + pass.chunks, 0),
  };
}

async function differences(cluster: ChaosCluster): Promise<string[]> {
  const views: ClusterAnswer[] = [];
  const wrong: string[] = [];
  for (const site of cluster.sites) {
    const told = await cluster.direct(site).cluster();
    if (!told.ok) wrong.push(`${site} does not answer: ${told.message}`);
    else {
      views.push(told.value);
      const { storageFailure } = told.value;
      if (storageFailure !== null) wrong.push(`the disk of ${site} has failed: ${storageFailure}`);
    }
  }
  for (const site of cluster.sites) {
    if (!hasEverything(site, views)) wrong.push(`${site} is not current in every shard`);
  }
  const [first] = cluster.sites;
  if (wrong.length > 0 || first === undefined) return wrong;
  const verified = await cluster.direct(first, VERIFY_SILENCE_MS).verify();
  if (!verified.ok) return [`${first} could not compare the sites: ${verified.message}`];
  const { equal, views: checks, chunks } = verified.value;
  if (equal) return [];
  for (const { shard, site, differences: found, reason } of checks) {
    for (const { record, at } of found) {
      wrong.push(`shard ${shard}: ${record} is ${at}, of ${first} (here) and ${site} (there)`);
    }
    if (reason !== '') wrong.push(`shard ${shard} of ${first} and ${site}: ${reason}`);
  }
  for (const { shard, site, lacking } of chunks) {
    for (const what of lacking) wrong.push(`shard ${shard}: ${site} lacks chunks of ${what}`);
  }
  return wrong.slice(0, 10);
}

interface Scrubbed {
  readonly wrong: readonly string[];
  readonly repaired: number;
  readonly chunks: number;
}

async function scrub(cluster: ChaosCluster, site: string, stopped: AbortSignal): Promise<Scrubbed> {
  const client = cluster.direct(site);
  let before = { damaged: 0, missing: 0 };
  let last = null;
  for (let pass = 1; pass <= SCRUB_PASSES + 1; pass += 1) {
    const begun = await client.scrub();
    if (!begun.ok) return failed(`${site} cannot be scrubbed: ${begun.message}`);
    const needed = begun.value.scrub.passes + 1;
    do {
      await pause(ASK_EVERY_MS);
      const told = await client.cluster();
      last = told.ok ? (told.value.upkeep?.scrub ?? null) : null;
      if (last === null || stopped.aborted) return failed(`the scrub of ${site} has no end`);
    } while (last.passes < needed);
    // The first may have begun long ago; what came to light up to the second is repaired by then.
    if (pass <= SCRUB_PASSES) before = { damaged: last.damaged, missing: last.missing };
  }
  if (last === null) return failed(`${site} was not scrubbed`);
  const { damaged, missing, repaired, chunks } = last;
  const isClean = damaged === before.damaged && missing === before.missing;
  const wrong = isClean
    ? []
    : [`${site}: what was scrubbed clean is not (${damaged} damaged, ${missing} missing in all)`];
  return { wrong, repaired, chunks };
}

function failed(sentence: string): Scrubbed {
  return { wrong: [sentence], repaired: 0, chunks: 0 };
}
