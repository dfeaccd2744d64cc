import type { LogEntry, Position } from '../../protocol/log-entry.js';
import {
  type HardState,
  INITIAL_HARD_STATE,
  type LogRead,
  type LogWrite,
  type OpenedLog,
  type ShardLog,
  type StorageFailure,
} from '../../protocol/ports.js';
import { putEntries, putEntry } from '../sample-entries.js';
import type { TestKit } from '../test-kit.js';

export interface LogUnderTest {
  readonly log: ShardLog;
  readonly opened: OpenedLog;
  /** Ends this run and opens the log again as the next run of the process would. */
  reopen(): Promise<LogUnderTest>;
  /** Ends this run and removes what it left. */
  dispose(): Promise<void>;
}

const MANY = { entries: 1_000, bytes: 1_000_000_000 };
const PROMISED: HardState = {
  promisedEpoch: 7,
  promisedRun: 'a-run',
  joined: false,
  installing: true,
};

export function writeLog(log: ShardLog, write: LogWrite): Promise<StorageFailure | null> {
  return new Promise((resolve) => log.write(write, resolve));
}

export function readLog(log: ShardLog, from: number, limit = MANY): Promise<LogRead> {
  return new Promise((resolve) => log.read(from, limit, resolve));
}

export function resetLog(
  log: ShardLog,
  base: Position,
  state: HardState,
): Promise<StorageFailure | null> {
  return new Promise((resolve) => log.reset(base, state, resolve));
}

type Case = (title: string, body: (under: LogUnderTest) => Promise<LogUnderTest>) => void;

/** What every implementation of ShardLog keeps to. `make` gives an empty log. */
export function describeShardLog(
  kit: TestKit,
  name: string,
  make: () => Promise<LogUnderTest>,
): void {
  const it: Case = (title, body) =>
    kit.it(title, async () => {
      const last = await body(await make());
      await last.dispose();
    });
  kit.describe(`${name} as a shard log`, () => {
    describeKeeping(kit, it);
    describeReplacing(kit, it);
  });
}

async function expectRead(
  kit: TestKit,
  log: ShardLog,
  from: number,
  entries: readonly LogEntry[],
): Promise<void> {
  kit.expect(await readLog(log, from)).toEqual({ ok: true, entries });
}

function describeKeeping(kit: TestKit, it: Case): void {
  const { expect } = kit;
  it('is empty at first', async (under) => {
    expect(under.opened).toEqual({
      base: { epoch: 0, seq: 0 },
      entries: [],
      hardState: INITIAL_HARD_STATE,
      tornBytes: 0,
    });
    await expectRead(kit, under.log, 1, []);
    return under;
  });

  it('keeps entries and hard state across a restart', async (under) => {
    const entries = putEntries(3, 1, 20);
    const done = await writeLog(under.log, { entries, hardState: PROMISED });
    expect(done).toEqual(null);
    const again = await under.reopen();
    expect(again.opened.entries).toEqual(entries);
    expect(again.opened.hardState).toEqual(PROMISED);
    await expectRead(kit, again.log, 20, entries.slice(19));
    return again;
  });

  it('never calls back before the call returns, and in the order of the calls', async (under) => {
    const order: string[] = [];
    const both = Promise.all(
      [1, 2, 3].map(
        (seq) =>
          new Promise<void>((resolve) => {
            const done = () => {
              order.push(`done ${seq}`);
              resolve();
            };
            under.log.write({ entries: putEntries(1, seq, seq) }, done);
            order.push(`asked ${seq}`);
          }),
      ),
    );
    await both;
    expect(order).toEqual(['asked 1', 'asked 2', 'asked 3', 'done 1', 'done 2', 'done 3']);
    return under;
  });
}

function describeReplacing(kit: TestKit, it: Case): void {
  const { expect } = kit;
  it('cuts a tail and puts other entries in its place', async (under) => {
    await writeLog(under.log, { entries: putEntries(1, 1, 10) });
    const other = [putEntry(2, 6, 'b/other', 1), putEntry(2, 7, 'b/other', 2)];
    await writeLog(under.log, { cutFrom: 6, entries: other });
    const expected = [...putEntries(1, 1, 5), ...other];
    await expectRead(kit, under.log, 1, expected);
    const again = await under.reopen();
    expect(again.opened.entries).toEqual(expected);
    await writeLog(again.log, { entries: [putEntry(2, 8, 'b/other', 3)] });
    await expectRead(kit, again.log, 8, [putEntry(2, 8, 'b/other', 3)]);
    return again;
  });

  it('reads up to either limit, and at least one entry', async (under) => {
    const entries = putEntries(1, 1, 5);
    await writeLog(under.log, { entries });
    const two = await readLog(under.log, 2, { entries: 2, bytes: 1_000_000 });
    expect(two).toEqual({ ok: true, entries: entries.slice(1, 3) });
    const one = await readLog(under.log, 2, { entries: 10, bytes: 1 });
    expect(one).toEqual({ ok: true, entries: entries.slice(1, 2) });
    return under;
  });

  it('starts over after a reset and refuses what lies before', async (under) => {
    await writeLog(under.log, { entries: putEntries(1, 1, 10) });
    const base = { epoch: 5, seq: 500 };
    expect(await resetLog(under.log, base, PROMISED)).toEqual(null);
    const early = await readLog(under.log, 500);
    expect(early.ok ? '' : early.reason).toEqual('trimmed');
    const entries = [putEntry(5, 501, 'b/after', 1)];
    await writeLog(under.log, { entries });
    const again = await under.reopen();
    expect(again.opened).toEqual({ base, entries, hardState: PROMISED, tornBytes: 0 });
    return again;
  });

  it('keeps everything above a trim', async (under) => {
    await writeLog(under.log, { entries: putEntries(1, 1, 50) });
    under.log.trim(25);
    await writeLog(under.log, { entries: putEntries(1, 51, 60) });
    await expectRead(kit, under.log, 26, putEntries(1, 26, 60));
    const again = await under.reopen();
    const kept = again.opened.entries.filter((entry) => entry.seq > 25);
    expect(kept).toEqual(putEntries(1, 26, 60));
    expect(again.opened.base.seq <= 25).toEqual(true);
    return again;
  });
}
