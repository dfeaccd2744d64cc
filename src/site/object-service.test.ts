import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DEFAULT_SETTINGS } from './bucket-settings.js';
import { inlineContent } from './inline-content.js';
import { bodyOf, TestCluster } from './test-cluster.js';

let cluster: TestCluster;

beforeEach(async () => {
  cluster = await new TestCluster().ready();
  const made = await cluster.at('nyc').createBucket('docs', { owner: 'QKME' });
  expect(made.outcome).toBe('committed');
});
afterEach(() => cluster.stop());

async function stored(site: string, text: string) {
  const content = await cluster.at(site).store(bodyOf(text), { digests: ['md5'] });
  if (!content.ok) throw new Error(content.message);
  return content;
}

describe('content without a name', () => {
  it('is stored with its digests, then named by any number of files', async () => {
    const { content, digests } = await stored('lon', 'hello');
    expect(digests).toEqual({ md5: '5d41402abc4b2a76b9719d911017c592' });
    const metadata = { etag: digests.md5! };
    for (const name of ['docs/nyc/a', 'docs/tor/b']) {
      expect(await cluster.at('lon').put(name, content, { metadata })).toMatchObject({
        outcome: 'committed',
        file: { version: 1, metadata },
      });
    }
    const again = await cluster.at('tor').put('docs/nyc/a', content, { ifMatch: [digests.md5!] });
    expect(again.outcome).toBe('committed');
    expect(
      await cluster.at('tor').put('docs/nyc/a', content, { ifMatch: ['other'] }),
    ).toMatchObject({
      reason: 'precondition_failed',
    });
    expect(await cluster.at('tor').put('none/a', content)).toMatchObject({
      reason: 'no_such_bucket',
    });
  });

  it('is joined in order', async () => {
    const one = await stored('nyc', 'a'.repeat(2000));
    const two = await stored('nyc', 'tail');
    const joined = await cluster.at('nyc').join([one.content, two.content]);
    if (!joined.ok) throw new Error(joined.message);
    await cluster.at('nyc').put('docs/nyc/big', joined.content);
    const opened = await cluster.at('lon').open('docs/nyc/big');
    if (!opened.ok) throw new Error(opened.message);
    const pieces: Uint8Array[] = [];
    for await (const piece of opened.body()) pieces.push(piece);
    expect(Buffer.concat(pieces).toString()).toBe(`${'a'.repeat(2000)}tail`);
  });
});

describe('versions', () => {
  it('leave the history for good when a write erases them', async () => {
    const { content } = await stored('nyc', 'x');
    const nyc = cluster.at('nyc');
    for (let version = 1; version <= 3; version += 1) await nyc.put('docs/nyc/a', content);
    const erased = await nyc.put('docs/nyc/a', content, { ifHead: 3, erases: [1, 3] });
    expect(erased).toMatchObject({ outcome: 'committed', file: { version: 4 } });
    const history = await cluster.at('lon').history('docs/nyc/a');
    expect(history.ok && history.versions.map(({ version }) => version)).toEqual([4, 2]);
    expect(await nyc.put('docs/nyc/a', content, { ifHead: 3 })).toMatchObject({
      reason: 'precondition_failed',
    });
  });

  it('of a deleted file are listed when asked for, and a marked delete needs no file', async () => {
    const nyc = cluster.at('nyc');
    const metadata = { why: 'asked' };
    expect(await nyc.remove('docs/nyc/none')).toMatchObject({ reason: 'no_such_file' });
    expect(await nyc.remove('docs/nyc/none', { metadata })).toMatchObject({
      outcome: 'committed',
      file: { version: 1, deleted: true, metadata },
    });
    const live = await cluster.at('lon').list({ bucket: 'docs' });
    const all = await cluster.at('lon').list({ bucket: 'docs', deleted: true });
    expect(live.ok && live.files).toEqual([]);
    expect(all.ok && all.files.map(({ name }) => name)).toEqual(['docs/nyc/none']);
  });
});

describe('listings that begin after a name', () => {
  it('go on behind it, and behind all that a prefix stands for', async () => {
    const nyc = cluster.at('nyc');
    const { content } = await stored('nyc', 'x');
    for (const path of ['a', 'b/1', 'b/2', 'c']) await nyc.put(`docs/${path}`, content);
    const after = async (path: string, delimiter = ''): Promise<string[]> => {
      const page = await nyc.list({ bucket: 'docs', after: path, ...(delimiter && { delimiter }) });
      if (!page.ok) throw new Error(page.message);
      return [...page.files.map(({ name }) => name), ...page.prefixes];
    };
    expect(await after('a')).toEqual(['docs/b/1', 'docs/b/2', 'docs/c']);
    expect(await after('b/1')).toEqual(['docs/b/2', 'docs/c']);
    expect(await after('b/', '/')).toEqual(['docs/c']);
    expect(await after('a', '/')).toEqual(['docs/c', 'b/']);
  });
});

describe('settings of a bucket', () => {
  it('are those nobody changed at first, and then the same at every site', async () => {
    const nyc = cluster.at('nyc');
    const state = await nyc.bucket('docs');
    if (!state.ok) throw new Error(state.message);
    expect(state.settings).toEqual({ ...DEFAULT_SETTINGS, owner: 'QKME' });
    const changed = { ...state.settings, createdMs: state.createdMs, anonymousRead: true };
    const set = await cluster.at('lon').setBucket('docs', changed, state.version);
    expect(set.outcome).toBe('committed');
    expect(await cluster.at('tor').bucket('docs')).toMatchObject({
      createdMs: state.createdMs,
      settings: changed,
    });
    // A second change that has not seen the first must not undo it.
    expect(await nyc.setBucket('docs', state.settings, state.version)).toMatchObject({
      reason: 'precondition_failed',
    });
    expect(await nyc.bucket('none')).toMatchObject({ reason: 'no_such_bucket' });
  });
});

describe('records', () => {
  it('are kept like files, under names that no client can write', async () => {
    const { records } = cluster.at('nyc');
    const key = 'k'.repeat(1024);
    for (const id of ['2', '1']) {
      const content = inlineContent(Buffer.from(id));
      const put = await records.put(`uploads/docs/${key}\0${id}`, content, { metadata: { id } });
      expect(put.outcome).toBe('committed');
    }
    const far = cluster.at('lon').records;
    const page = await far.list({ prefix: `uploads/docs/${key}` });
    expect(page.ok && page.files.map(({ metadata }) => metadata.id)).toEqual(['1', '2']);
    expect((await far.remove(`uploads/docs/${key}\x001`)).outcome).toBe('committed');
    const read = await records.read(`uploads/docs/${key}\x001`);
    expect(read.ok && read.record).toBeNull();
    expect(await cluster.at('nyc').open(`.system/uploads/docs/${key}\x002`)).toMatchObject({
      reason: 'invalid_name',
    });
  });
});
