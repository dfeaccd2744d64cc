import type { Fields } from '../api/http.ts';
import { formatMs } from '../design/format.ts';
import type { Moment } from './recording.ts';
import { titleOf } from './site-titles.ts';

type Told = Pick<Moment, 'tone' | 'text'>;

/** What a planned fault does, in a sentence. */
export function faultText(fault: Fields): string {
  const site = titleOf(text(fault.site));
  const link = `${titleOf(text(fault.from))} and ${titleOf(text(fault.to))}`;
  const forMs = time(fault.forMs);
  switch (fault.kind) {
    case 'crash':
      return `${site} crashes${fault.wipe === true ? ' and loses its disks' : ''}, for ${time(fault.downMs)}`;
    case 'stop':
      return `${site} is stopped as planned, for ${time(fault.downMs)}`;
    case 'pause':
      return `${site} ${fault.asleep === true ? 'sleeps' : 'stands still'} for ${forMs}`;
    case 'jump':
      return `The wall clock of ${site} jumps by ${time(fault.byMs)}`;
    case 'rot':
      return `An entry on a disk of ${site} goes bad`;
    case 'full':
      return `A disk of ${site} is full`;
    case 'partition':
      return `${names(fault.sites)} cut off from the others${fault.oneWay === true ? ', one way,' : ''} for ${forMs}`;
    case 'clog':
      return `Messages from ${titleOf(text(fault.from))} to ${titleOf(text(fault.to))} wait for ${forMs}`;
    case 'break':
      return `The session of ${link} breaks`;
    case 'link':
      return `The link of ${link} is cut for ${forMs}`;
    case 'cut':
      return `The connection of client ${text(fault.client)} is cut`;
    case 'client-pause':
      return `Client ${text(fault.client)} stands still for ${forMs}`;
    case 'vanish':
      return `Client ${text(fault.client)} is gone for good`;
    case 'coordinator':
      return `${site} cannot reach the coordinator for ${forMs}`;
    case 'restore':
      return 'The coordinator comes back from an old backup';
    case 'sites':
      return `A site is asked to ${changeOf(fault.change)}`;
    case 'blackout':
      return 'All sites lose power at once';
    case 'estrange':
      return `${site} loses the coordinator, and after ${time(fault.afterMs)} everybody else`;
    case 'ambush':
      return `Something lies in wait for “${text(fault.event)}”: ${text(fault.act)}`;
    default:
      return `A fault: ${text(fault.kind)}`;
  }
}

/** What the protocol says of itself; null: nothing that a story needs. */
export function eventText(site: string, shard: string, event: Fields): Told | null {
  const name = titleOf(site);
  const files = `the files of ${titleOf(shard)}`;
  const epoch = `epoch ${text(event.epoch)}`;
  switch (event.kind) {
    case 'claimed':
      return { tone: 'plain', text: `${name} claims ${files}, ${epoch}` };
    case 'crowned':
      return { tone: 'plain', text: `${name} has the promises for ${files}, ${epoch}` };
    case 'serving':
      return { tone: 'good', text: `${name} serves ${files}, ${epoch}` };
    case 'stepped-down':
      return { tone: 'plain', text: `${name} steps down for ${files}: ${reason(event.reason)}` };
    case 'cut':
      return { tone: 'plain', text: `${name} cuts ${text(event.entries)} uncommitted of ${files}` };
    case 'handing-over': {
      const to = titleOf(text(event.to));
      return { tone: 'plain', text: `${name} hands ${files} over to ${to}` };
    }
    case 'joined':
      return { tone: 'good', text: `${name} has caught up with ${files}` };
    case 'configured':
      return { tone: 'plain', text: `Other sites keep ${files} from now on` };
    case 'snapshot-started':
      return { tone: 'plain', text: `${name} takes ${files} as a snapshot` };
    case 'snapshot-installed':
      return { tone: 'good', text: `${name} has taken ${files} as a snapshot` };
    case 'storage-failed':
      return { tone: 'bad', text: `A disk of ${name} fails: ${text(event.message)}` };
    default:
      return null;
  }
}

function changeOf(change: unknown): string {
  if (change === 'add') return 'come in';
  return change === 'remove' ? 'leave' : 'take the place of another';
}

function reason(value: unknown): string {
  return text(value).replaceAll('-', ' ');
}

function names(value: unknown): string {
  const sites = Array.isArray(value) ? value.map((site) => titleOf(text(site))) : [];
  return `${sites.join(', ')} ${sites.length === 1 ? 'is' : 'are'}`;
}

function time(value: unknown): string {
  return typeof value === 'number' ? formatMs(value) : '?';
}

const TEXT_LIMIT = 200;

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number'
    ? String(value).slice(0, TEXT_LIMIT)
    : '?';
}
