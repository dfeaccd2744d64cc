import { store } from '../app/store.svelte.ts';
import { faults } from './faults.svelte.ts';

/* The scenes of `quorate demo`, on the running cluster, one step at a time. */

export interface TourStep {
  readonly title: string;
  /** What will happen, and what to look at. */
  readonly text: string;
  /** What the button says; '' where there is nothing to do but look. */
  readonly action: string;
  /** Does it, and says what came of it. */
  readonly run: () => Promise<string>;
}

const BUCKET = 'tour';
const FILE = `${BUCKET}/file1.txt`;

async function write(text: string): Promise<string> {
  const client = await store.client();
  const startMs = performance.now();
  const result = await client.write(FILE, text, { contentType: 'text/plain' });
  const tookMs = Math.round(performance.now() - startMs);
  if (result.outcome === 'committed')
    return `Committed as version ${result.version}, in ${tookMs} ms.`;
  return result.outcome === 'rejected'
    ? `Rejected, in ${tookMs} ms: ${result.message}.`
    : `Not known whether it took effect: ${result.message}.`;
}

/** A site that is not this page's, so that the page lives on. */
function otherSite(last = false): string {
  const others = store.cluster?.sites.filter(({ site }) => site !== store.cluster?.site) ?? [];
  return (last ? others.at(-1) : others[0])?.site ?? '';
}

async function done(fault: Promise<string | null>, text: string): Promise<string> {
  return (await fault) ?? text;
}

export function tourSteps(): readonly TourStep[] {
  const near = otherSite();
  const far = otherSite(true);
  return [
    {
      title: 'A write reaches all three',
      text: 'This site sends a write to the file’s primary. It appends to its own disk and to both others at once; as soon as two have it on disk, it is committed. Watch the blue and green marks.',
      action: 'Write a file',
      run: async () => {
        await (await store.client()).createBucket(BUCKET);
        return write(`Written at ${new Date().toLocaleTimeString()}\n`);
      },
    },
    {
      title: 'A read asks nobody',
      text: 'The first read asks the primary for the version, and takes a lease on the file. From then on this page serves it from its own memory, until somebody writes.',
      action: 'Read it a thousand times',
      run: async () => {
        const client = await store.client();
        await client.read(FILE);
        const startMs = performance.now();
        let fromMemory = 0;
        for (let reads = 0; reads < 1000; reads += 1) {
          const read = await client.read(FILE);
          if (read.outcome === 'found' && read.file.freshness === 'memory') fromMemory += 1;
        }
        const eachMs = (performance.now() - startMs) / 1000;
        return `${fromMemory} of 1000 reads from memory, ${(eachMs * 1000).toFixed(0)} µs each.`;
      },
    },
    {
      title: 'A site is killed, and nothing stops',
      text: `${store.nameOf(near)} ends without a word. Whatever it was primary of is taken over once its claim has run out; every other write goes on at once.`,
      action: `Kill ${store.nameOf(near)}`,
      run: () =>
        done(faults.onSite(near, 'kill'), `${store.nameOf(near)} is gone. See the quorums.`),
    },
    {
      title: 'Write while it is away',
      text: 'Two of three are enough. If it was the primary, this write waits for the failover, under one request id, and takes effect once.',
      action: 'Write again',
      run: () => write(`Written without ${store.nameOf(near)}\n`),
    },
    {
      title: 'Without a majority, an honest no',
      text: `Now ${store.nameOf(far)}, too. One of three must not commit: the write is refused at once, and nothing of it is applied.`,
      action: `Kill ${store.nameOf(far)} and try to write`,
      run: async () => {
        const fault = await faults.onSite(far, 'kill');
        if (fault !== null) return fault;
        await new Promise((resolve) => setTimeout(resolve, 3000));
        return write('This must not be\n');
      },
    },
    {
      title: 'They come back, and catch up',
      text: 'A site that returns fetches only what it missed, serves nothing that it cannot prove current, and gets its own files back.',
      action: 'Start both again',
      run: () => done(faults.heal(), 'Both are back. The gauges fill up.'),
    },
    {
      title: 'A link is cut',
      text: `Between here and ${store.nameOf(far)} nothing passes any more. Both still have the third site, so both go on; a lease across the cut is waited out.`,
      action: 'Cut it and write',
      run: async () => {
        const here = store.cluster?.site ?? '';
        const fault = await faults.onLink(here, far, { cut: true });
        return fault ?? write('Written across a cut\n');
      },
    },
    {
      title: 'All is as it was',
      text: 'Every fault can be undone at any time. The history of the file shows each version that was committed, and nothing else.',
      action: 'Heal everything',
      run: () => done(faults.heal(), 'Healed.'),
    },
  ];
}
