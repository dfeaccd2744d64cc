import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventually, RunningSites } from './test-running-sites.js';

let sites: RunningSites;

beforeEach(async () => {
  sites = await RunningSites.start();
});

afterEach(() => sites.close());

/** Files that a site has under lease from nyc, as nyc knows it. */
function lentTo(site: string): number {
  const shards = sites.at('nyc').service.cluster().shards;
  const lent = shards.flatMap(({ leases }) => leases.lent);
  return lent.find((each) => each.site === site)?.files ?? 0;
}

async function* body(text: string): AsyncGenerator<Uint8Array> {
  yield await Promise.resolve(Buffer.from(text));
}

it('gives back what the stopping site has under lease: no write waits for its time', async () => {
  await sites.at('nyc').service.createBucket('docs');
  await sites.at('nyc').service.write('docs/file.txt', body('one'));
  await eventually('lon has the file under lease', async () => {
    const opened = await sites.at('lon').service.open('docs/file.txt', { consistency: 'strong' });
    return opened.ok && opened.served.freshness === 'lease';
  });
  expect(lentTo('lon')).toBeGreaterThan(0);
  await sites.stop('lon');
  // A lease that runs out is noticed by the next write, and by nothing else.
  await eventually('nyc has it back', () => lentTo('lon') === 0);
  const written = await sites.at('nyc').service.write('docs/file.txt', body('two'));
  expect(written.outcome).toBe('committed');
});
