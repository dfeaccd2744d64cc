import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { lockFolder } from './folder-lock.js';
import { readSiteRecord, writeSiteRecord } from './site-record.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'quorate-site-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const record = { clusterId: 'c', site: 'nyc', incarnation: 2, starts: 7 };

describe('the record of a site', () => {
  it('is null until it is written, and then what was written last', async () => {
    expect(await readSiteRecord(folder)).toEqual({ ok: true, record: null });
    expect(await writeSiteRecord(folder, { ...record, starts: 6 })).toBeNull();
    expect(await writeSiteRecord(folder, record)).toBeNull();
    expect(await readSiteRecord(folder)).toEqual({
      ok: true,
      record: { ...record, formatVersion: 2 },
    });
  });

  it('is read from the first format, and written in this one', async () => {
    const first = { ...record, formatVersion: 1 };
    await writeFile(join(folder, 'site.json'), JSON.stringify(first));
    expect(await readSiteRecord(folder)).toEqual({ ok: true, record: first });
    expect(await writeSiteRecord(folder, first)).toBeNull();
    expect(await readSiteRecord(folder)).toMatchObject({ record: { formatVersion: 2 } });
  });

  it('is refused by name when a newer program wrote it', async () => {
    await writeFile(join(folder, 'site.json'), JSON.stringify({ ...record, formatVersion: 3 }));
    expect(await readSiteRecord(folder)).toMatchObject({ ok: false, reason: 'newer' });
  });

  it.each(['', '{', '[]', '{"formatVersion":1,"site":3}'])('is damaged as %j', async (text) => {
    await writeFile(join(folder, 'site.json'), text);
    expect(await readSiteRecord(folder)).toMatchObject({ ok: false, reason: 'damaged' });
  });
});

describe('the lock of a data folder', () => {
  it('is held by one at a time', async () => {
    const first = await lockFolder(folder);
    expect(await lockFolder(folder)).toMatchObject({ reason: 'held', pid: process.pid });
    if (first.ok) await first.release();
    const second = await lockFolder(folder);
    expect(second.ok).toBe(true);
    if (second.ok) await second.release();
  });

  it.each(['4194303', 'not a pid', `${process.pid}`])('is taken over from %s', async (holder) => {
    await writeFile(join(folder, 'lock'), holder);
    const lock = await lockFolder(folder);
    expect(lock.ok).toBe(true);
    if (lock.ok) await lock.release();
  });

  it('respects another living process', async () => {
    await writeFile(join(folder, 'lock'), `${process.ppid}\n`);
    expect(await lockFolder(folder)).toMatchObject({ ok: false, pid: process.ppid });
  });
});
