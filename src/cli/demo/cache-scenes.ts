import { DEFAULT_TIMING } from '../../protocol/shard/config.js';
import { CLEAR } from '../../transport/fault-proxy/condition.js';
import { Way } from '../../transport/fault-proxy/way.js';
import { machineMs } from '../machine-clock.js';
import { eventually } from './narrator.js';
import type { Stage } from './scenes.js';
import { Visitor } from './visitor.js';

/*
 * The scenes in which clients keep files in their own memory. Each leaves all sites running and no
 * client behind.
 */

const { clientLeaseMs } = DEFAULT_TIMING;
/** Beside the lease: two ways to London and what the machine takes for the write itself. */
const WRITE_LIMIT_MS = 500;
const SERVED_LIMIT_MS = 10_000;
const NO_ANSWER_LIMIT_MS = 1000;
const HELD = { ...CLEAR, cut: 'held' } as const;

export async function pushedInvalidation(stage: Stage): Promise<void> {
  const { cluster, narrator, subject, home } = stage;
  await narrator.scene('A client caches a file; another writes it, and the cache is told first');
  const visitor = await Visitor.connect({
    sites: cluster.endpoints,
    near: 'lon',
    key: cluster.key,
  });
  try {
    const cached = await cachedBy(visitor, subject);
    await narrator.check(
      `a client in London reads version ${cached} from its own memory`,
      cached !== null,
    );
    const { version, answeredMs } = await writeAt(stage, 'written beside a cache\n');
    const toldMs = visitor.invalidatedMs.get(subject) ?? Number.POSITIVE_INFINITY;
    const left = await visitor.peek(subject);
    await narrator.say(
      `told in London ${(answeredMs - toldMs).toFixed(0)} ms before the writer in ${home} was answered`,
    );
    await narrator.check(
      'its entry was invalid before the writer was answered',
      toldMs < answeredMs && left.version === null,
    );
    const read = await visitor.read(subject);
    await narrator.check(
      `its next read has version ${version}`,
      version > (cached ?? 0) && read.version === version,
    );
  } finally {
    await visitor.leave();
  }
}

export async function vanishedClient(stage: Stage): Promise<void> {
  const { cluster, narrator, subject } = stage;
  await narrator.scene('A client that vanished holds up a write for at most its lease, once');
  const visitor = await Visitor.connect({
    sites: cluster.endpoints,
    near: 'lon',
    key: cluster.key,
  });
  try {
    const cached = await cachedBy(visitor, subject);
    await narrator.check(`a client in London keeps version ${cached}`, cached !== null);
    visitor.freeze();
    const first = await writeAt(stage, 'beside a client that answers no more\n');
    const second = await writeAt(stage, 'once more\n');
    await narrator.say(
      `with that client stopped where it stood: ${first.tookMs.toFixed(0)} ms, then ${second.tookMs.toFixed(0)} ms`,
    );
    await narrator.check(
      `the write waited for no more than its lease of ${clientLeaseMs} ms`,
      first.version === (cached ?? 0) + 1 && first.tookMs <= 1.1 * clientLeaseMs + WRITE_LIMIT_MS,
    );
    await narrator.check(
      'the next write does not wait for it any more',
      second.version === first.version + 1 && second.tookMs <= WRITE_LIMIT_MS,
    );
    visitor.thaw();
    const read = await visitor.read(subject);
    await narrator.check('let go on, it reads the newest version', read.version === second.version);
  } finally {
    visitor.thaw();
    await visitor.leave();
  }
}

export async function partitionedClient(stage: Stage): Promise<void> {
  const { cluster, narrator, subject } = stage;
  await narrator.scene('What a client that is cut off has cached is not served past its lease');
  const way = await Way.open({ host: '127.0.0.1', port: 0, toPort: cluster.port('lon') });
  const sites = [{ site: 'lon', url: `http://127.0.0.1:${way.port}` }];
  const visitor = await Visitor.connect({ sites, near: 'lon', key: cluster.key });
  try {
    const cached = await cachedBy(visitor, subject);
    await narrator.check(`a client in London keeps version ${cached}`, cached !== null);
    way.set(HELD, HELD);
    const cutMs = machineMs();
    const writing = writeAt(stage, 'while a client was cut off\n');
    const during = await visitor.peek(subject);
    const servedForMs = await servedUntilGone(visitor, subject, cutMs);
    const { version, tookMs } = await writing;
    const after = await visitor.peek(subject);
    await narrator.say(
      `cut off, it served version ${during.version ?? 'none'} for ${servedForMs.toFixed(0)} ms; ` +
        `the write took ${tookMs.toFixed(0)} ms`,
    );
    await narrator.check(
      'its lease ended by itself, and before the write was answered',
      servedForMs <= tookMs && servedForMs <= clientLeaseMs && version === (cached ?? 0) + 1,
    );
    const read = await visitor.read(subject, NO_ANSWER_LIMIT_MS);
    await narrator.check(
      `then it serves nothing old; a read ends with: ${read.reason}`,
      after.version === null && read.version === null,
    );
    way.set(CLEAR, CLEAR);
    const found = await eventually(
      async () => (await visitor.read(subject)).version === version,
      SERVED_LIMIT_MS,
    );
    await narrator.check(`connected again, it reads version ${version}`, found);
  } finally {
    await visitor.leave();
    await way.close();
  }
}

/** Reads until its own memory serves the file; gives the version, null if it never does. */
async function cachedBy(visitor: Visitor, name: string): Promise<number | null> {
  let version: number | null = null;
  await eventually(async () => {
    const read = await visitor.read(name);
    if (read.freshness === 'memory') ({ version } = read);
    return version !== null;
  }, SERVED_LIMIT_MS);
  return version;
}

/** How long after a moment its memory still served the file. */
async function servedUntilGone(visitor: Visitor, name: string, sinceMs: number): Promise<number> {
  let lastMs = sinceMs;
  await eventually(async () => {
    const seen = await visitor.peek(name);
    if (seen.version !== null) lastMs = machineMs();
    return seen.version === null;
  }, SERVED_LIMIT_MS);
  return lastMs - sinceMs;
}

async function writeAt(
  { cluster, home, subject }: Stage,
  text: string,
): Promise<{ version: number; tookMs: number; answeredMs: number }> {
  const startMs = machineMs();
  const result = await cluster.near(home).put(subject, Buffer.from(text));
  const answeredMs = machineMs();
  const version = result.outcome === 'committed' ? result.file.version : 0;
  return { version, tookMs: answeredMs - startMs, answeredMs };
}
