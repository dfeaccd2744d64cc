// Writes a file, reads it back, and writes under a condition that does not hold.
import { connect } from 'quorate/client';
import { key, sites } from './sites.mjs';

const client = await connect({ sites, key });
await client.createBucket('examples'); // rejected if it is there already: that is fine

const written = await client.write('examples/greeting.txt', 'Hello, world', {
  contentType: 'text/plain',
});
if (written.outcome !== 'committed') throw new Error(written.message);
console.log(`written: version ${written.version}`);

const read = await client.read('examples/greeting.txt');
if (read.outcome === 'found') {
  const { file } = read;
  console.log(`read: "${file.text()}", version ${file.version}`);
}

const again = await client.write('examples/greeting.txt', 'Hello again', { ifVersion: 1_000_000 });
if (again.outcome === 'rejected') {
  console.log(`rejected: ${again.reason}, it is at version ${again.currentVersion}`);
}

client.close();
