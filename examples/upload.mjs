// Sends a large file in parts, is stopped midway, and goes on where it was.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, fileSource } from 'quorate/client';
import { key, sites } from './sites.mjs';

const client = await connect({ sites, key });
await client.createBucket('examples');

const folder = await mkdtemp(join(tmpdir(), 'upload-'));
const path = join(folder, 'large.bin');
await writeFile(path, Buffer.alloc(40 * 1024 * 1024, 'quorate'));
const source = await fileSource(path);

const stop = new AbortController();
const first = await client.upload('examples/large.bin', source, {
  signal: stop.signal,
  onProgress: () => stop.abort(), // once the first part is there
});
console.log(first.outcome);

const { resume } = first; // text: it can be kept in a file, and outlives this program
const second = await client.upload('examples/large.bin', source, { resume });
if (second.outcome !== 'committed') throw new Error(second.message);
const read = await client.stat('examples/large.bin');
if (read.outcome === 'found') console.log(`committed: ${read.file.size} bytes`);

await rm(folder, { recursive: true });
client.close();
