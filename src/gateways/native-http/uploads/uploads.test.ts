import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allUploads, PART_LEAST_BYTES } from '../../../site/uploads.js';
import { PrivateSites, type Told } from '../access/test-access.js';

let sites: PrivateSites;
const PART = 'x'.repeat(PART_LEAST_BYTES);

beforeAll(async () => {
  sites = await PrivateSites.start();
  await sites.ask(sites.adminKey, 'PUT', '/v1/buckets/docs');
});
afterAll(() => sites.stop());

function ask(method: string, path: string, body?: string, site = 'nyc'): Promise<Told> {
  const headers = { 'content-type': 'text/plain', 'quorate-meta-colour': 'red' };
  return sites.ask(sites.adminKey, method, `/v1/files/docs/${path}`, {
    headers,
    site,
    ...(body !== undefined && { body }),
  });
}

async function begin(name: string): Promise<string> {
  const begun = await ask('POST', `${name}?upload`);
  expect(begun.status).toBe(201);
  return String(begun.json['upload']);
}

describe('an upload in parts', () => {
  it('takes parts at any site in any order, and becomes one file with what it was begun with', async () => {
    const id = await begin('large');
    await ask('PUT', `large?upload=${id}&part=2`, 'end', 'lon');
    await ask('PUT', `large?upload=${id}&part=1`, 'wrong', 'lon');
    const first = await ask('PUT', `large?upload=${id}&part=1`, PART, 'tor');
    expect(first.json).toMatchObject({ part: 1, size: PART.length });
    expect((await ask('GET', `large?upload=${id}`)).json['parts']).toMatchObject([
      { part: 1, size: PART.length, md5: first.json['md5'] },
      { part: 2, size: 3 },
    ]);
    const size = PART.length + 3;
    const done = await ask('POST', `large?upload=${id}&size=${size}`, undefined, 'lon');
    expect(done).toMatchObject({ status: 201, json: { file: { version: 1, size } } });
    const read = await ask('GET', 'large', undefined, 'tor');
    expect(read.text === `${PART}end`).toBe(true);
    expect(read.headers.get('content-type')).toBe('text/plain');
    expect(read.headers.get('quorate-meta-colour')).toBe('red');
    expect(read.headers.get('quorate-meta-upload')).toBeNull();
  });

  it('that is completed again has the same outcome, also after other writes', async () => {
    const id = await begin('again');
    await ask('PUT', `again?upload=${id}&part=1`, 'once');
    const complete = () => ask('POST', `again?upload=${id}&size=4`, undefined, 'tor');
    expect((await complete()).json).toMatchObject({ file: { version: 1 } });
    await ask('PUT', 'again', 'over it');
    expect((await complete()).json).toMatchObject({ outcome: 'committed', file: { version: 1 } });
    expect((await ask('GET', 'again')).text).toBe('over it');
  });

  it('is not completed while something is missing, too small or of another size', async () => {
    const id = await begin('gaps');
    const complete = async (size: number) => {
      const told = await ask('POST', `gaps?upload=${id}&size=${size}`);
      return `${told.status} ${String(told.json['code'])}`;
    };
    expect(await complete(0)).toBe('409 upload_incomplete');
    await ask('PUT', `gaps?upload=${id}&part=2`, 'b');
    expect(await complete(1)).toBe('409 upload_incomplete');
    await ask('PUT', `gaps?upload=${id}&part=1`, 'a');
    expect(await complete(2)).toBe('409 upload_incomplete');
    await ask('PUT', `gaps?upload=${id}&part=1`, PART);
    expect(await complete(PART.length)).toBe('409 upload_incomplete');
    expect(await complete(PART.length + 1)).toBe('201 undefined');
  });

  it('keeps to its conditions', async () => {
    await ask('PUT', 'there', 'first');
    const id = await begin('there');
    await ask('PUT', `there?upload=${id}&part=1`, 'second');
    const headers = { 'if-none-match': '*' };
    const path = `/v1/files/docs/there?upload=${id}&size=6`;
    const refused = await sites.ask(sites.adminKey, 'POST', path, { headers });
    expect(refused).toMatchObject({ status: 412, json: { outcome: 'rejected' } });
    expect((await ask('POST', `there?upload=${id}&size=6`)).json).toMatchObject({
      file: { version: 2 },
    });
  });

  it('leaves nothing when it is given up', async () => {
    const id = await begin('given-up');
    await ask('PUT', `given-up?upload=${id}&part=1`, 'a');
    expect((await ask('DELETE', `given-up?upload=${id}`)).status).toBe(204);
    expect((await ask('GET', `given-up?upload=${id}`)).json['code']).toBe('no_such_upload');
    const left = await allUploads(sites.cluster.at('tor'), '');
    expect(left?.uploads.filter((upload) => upload.id === id)).toEqual([]);
  });

  it('is for whoever may write the name, and of that name only', async () => {
    const id = await begin('mine');
    const reader = await sites.key(['docs', 'read']);
    for (const [method, query] of [
      ['POST', 'upload'],
      ['GET', `upload=${id}`],
      ['PUT', `upload=${id}&part=1`],
      ['POST', `upload=${id}&size=1`],
      ['DELETE', `upload=${id}`],
    ] as const) {
      const told = await sites.ask(reader, method, `/v1/files/docs/mine?${query}`);
      expect(told).toMatchObject({ status: 403 });
    }
    expect((await ask('GET', `other?upload=${id}`)).json['code']).toBe('no_such_upload');
  });

  it.each([
    ['PUT', 'a?upload=x', 400, 'missing_parameter'],
    ['PUT', 'a?upload=x&part=0', 400, 'invalid_parameter'],
    ['PUT', 'a?upload=x&part=10001', 400, 'invalid_parameter'],
    ['PUT', 'a?upload=x&part=1', 404, 'no_such_upload'],
    ['POST', 'a?upload=x', 400, 'missing_parameter'],
    ['POST', `a?upload=${'0'.repeat(32)}&size=1`, 404, 'no_such_upload'],
    ['PATCH', 'a?upload=x', 405, 'method_not_allowed'],
    ['GET', 'a?upload=x&version=1', 400, 'unknown_parameter'],
  ])('refuses %s %s', async (method, path, status, code) => {
    const told = await ask(method, path, method === 'PUT' ? 'x' : undefined);
    expect({ status: told.status, code: told.json['code'] }).toEqual({ status, code });
  });
});
