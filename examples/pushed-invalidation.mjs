// One client caches a file, another one writes it: the cache is told before the writer is answered.
import { connect } from 'quorate/client';
import { key, sites } from './sites.mjs';

const name = 'examples/news.txt';
const reader = await connect({ sites, key, near: sites.at(-1) });
const writer = await connect({ sites, key, near: sites[0] });
await writer.createBucket('examples');
await writer.write(name, 'old news');

await reader.read(name);
const cached = await reader.read(name);
if (cached.outcome === 'found')
  console.log(`reader: "${cached.file.text()}" from ${cached.file.freshness}`);

const told = new Promise((resolve) => reader.on('invalidated', resolve));
await writer.write(name, 'new news');
console.log(`writer: committed; the reader's copy is ${reader.peek(name) ? 'valid' : 'suspect'}`);
console.log(`reader: told of ${await told}`);

const fresh = await reader.read(name);
if (fresh.outcome === 'found') console.log(`reader: "${fresh.file.text()}"`);

reader.close();
writer.close();
