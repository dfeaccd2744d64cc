// Many clients count in one file at once, and no count is lost.
import { connect } from 'quorate/client';
import { key, sites } from './sites.mjs';

const clients = await Promise.all(sites.map((near) => connect({ sites, key, near })));
const [first] = clients;
await first.createBucket('examples');
await first.remove('examples/counter.txt');

const increment = (file) => String(Number(file?.text() ?? 0) + 1);
const results = await Promise.all(
  clients.flatMap((client) =>
    [1, 2, 3].map(() => client.update('examples/counter.txt', increment, { attempts: 100 })),
  ),
);
console.log(`committed: ${results.filter(({ outcome }) => outcome === 'committed').length}`);

const read = await first.read('examples/counter.txt');
if (read.outcome === 'found') console.log(`counted to ${read.file.text()}`);

for (const client of clients) client.close();
