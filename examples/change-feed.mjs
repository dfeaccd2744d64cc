// Follows the changes of a folder, and goes on from where it stopped.
import { connect } from 'quorate/client';
import { key, sites } from './sites.mjs';

const client = await connect({ sites, key });
await client.createBucket('examples');

const feed = client.watch('examples/inbox/');
await feed.next(); // where it begins: from here on nothing is missed
await client.write('examples/inbox/a.txt', 'first');
await client.write('examples/inbox/b.txt', 'second');
await client.remove('examples/inbox/a.txt');

let seen = 0;
for await (const result of feed) {
  if (result.outcome === 'ended') throw new Error(result.reason);
  for (const { kind, name, version } of result.changes) {
    console.log(`${kind} ${name} (version ${version})`);
    seen += 1;
  }
  if (seen === 3) break; // result.cursor is what a later watch goes on from
}

client.close();
