/** In which manner a cut is made: see `Condition.cut`; or both ends are reset and none gets through. */
export type CutManner = 'held' | 'swallowed' | 'reset';

/** A link's ends; `there` is from the first to the second. */
export type Direction = 'both' | 'there' | 'back';

export type Fault =
  /** kill -9; what the system has in memory for the disk stays. */
  | { readonly kind: 'kill'; readonly site: string }
  /** The same, and what was not synced is lost. */
  | { readonly kind: 'power-cut'; readonly site: string }
  /** A power cut of all sites at once: what was acknowledged was on disks, and nothing else counts. */
  | { readonly kind: 'blackout' }
  | { readonly kind: 'stop'; readonly site: string }
  | { readonly kind: 'pause'; readonly site: string }
  | {
      readonly kind: 'cut';
      readonly ends: readonly [string, string];
      readonly direction: Direction;
      readonly manner: CutManner;
    }
  /** All links of a site; `there` is what it says, `back` what it hears. */
  | {
      readonly kind: 'isolate';
      readonly site: string;
      readonly direction: Direction;
      readonly manner: CutManner;
    }
  | { readonly kind: 'slow'; readonly ends: readonly [string, string]; readonly addedMs: number }
  | {
      readonly kind: 'narrow';
      readonly ends: readonly [string, string];
      readonly bytesPerSecond: number;
    }
  | { readonly kind: 'lossy'; readonly ends: readonly [string, string]; readonly chance: number }
  | { readonly kind: 'clients-cut'; readonly site: string; readonly manner: CutManner }
  | { readonly kind: 'clients-paused'; readonly group: number }
  | { readonly kind: 'disk-full'; readonly site: string }
  | { readonly kind: 'sync-fails'; readonly site: string }
  | { readonly kind: 'disk-slow'; readonly site: string; readonly syncMs: number }
  | { readonly kind: 'rotten-chunks'; readonly site: string; readonly draw: number }
  /** In a running site's log, or in one that is down meanwhile. */
  | {
      readonly kind: 'rotten-log';
      readonly site: string;
      readonly draw: number;
      readonly isRunning: boolean;
    }
  | { readonly kind: 'wipe'; readonly site: string }
  /** Of etcd one member, or two: the draw says which. */
  | { readonly kind: 'coordinator-killed'; readonly draw: number }
  | { readonly kind: 'coordinator-paused'; readonly draw: number }
  /** What the other members of etcd say to the one beside a site. */
  | { readonly kind: 'member-cut'; readonly site: string; readonly manner: CutManner }
  | { readonly kind: 'coordinator-cut'; readonly site: string; readonly manner: CutManner };

export type FaultKind = Fault['kind'];

/** What can be chosen with `--only`. */
export const FAULT_GROUPS = {
  process: ['kill', 'power-cut', 'stop', 'pause', 'blackout'],
  network: ['cut', 'isolate', 'slow', 'narrow', 'lossy'],
  clients: ['clients-cut', 'clients-paused'],
  disk: ['disk-full', 'sync-fails', 'disk-slow', 'rotten-chunks', 'rotten-log', 'wipe'],
  coordinator: ['coordinator-killed', 'coordinator-paused', 'coordinator-cut', 'member-cut'],
} as const satisfies Readonly<Record<string, readonly FaultKind[]>>;

export type FaultGroup = keyof typeof FAULT_GROUPS;
export const GROUPS = Object.keys(FAULT_GROUPS) as FaultGroup[];

export function groupOf(kind: FaultKind): FaultGroup {
  const found = GROUPS.find((group) => (FAULT_GROUPS[group] as readonly string[]).includes(kind));
  if (found === undefined) throw new Error(`${kind} is in no group`);
  return found;
}

/** The site that a fault takes away or whose disk it spoils; null for what is between sites. */
export function siteOf(fault: Fault): string | null {
  const group = groupOf(fault.kind);
  return (group === 'process' || group === 'disk') && 'site' in fault ? fault.site : null;
}

const ARROWS = { both: '<->', there: '->', back: '<-' } as const;

/** `cut nyc->lon, swallowed` */
export function faultText(fault: Fault): string {
  switch (fault.kind) {
    case 'kill':
    case 'stop':
    case 'pause':
    case 'wipe':
    case 'disk-full':
    case 'sync-fails':
    case 'power-cut':
      return `${fault.kind} ${fault.site}`;
    case 'disk-slow':
      return `disk-slow ${fault.site}, ${fault.syncMs} ms a sync`;
    case 'rotten-chunks':
      return `rotten-chunks ${fault.site}`;
    case 'rotten-log':
      return `rotten-log ${fault.site}, ${fault.isRunning ? 'while it runs' : 'while it is down'}`;
    case 'cut':
      return `cut ${fault.ends[0]}${ARROWS[fault.direction]}${fault.ends[1]}, ${fault.manner}`;
    case 'isolate':
      return `isolate ${fault.site}${ARROWS[fault.direction]}others, ${fault.manner}`;
    case 'slow':
      return `slow ${fault.ends.join('-')}, ${fault.addedMs} ms more each way`;
    case 'narrow':
      return `narrow ${fault.ends.join('-')}, ${Math.round(fault.bytesPerSecond / 1024)} KiB/s`;
    case 'lossy':
      return `lossy ${fault.ends.join('-')}, ${(100 * fault.chance).toFixed(1)} %`;
    case 'clients-cut':
      return `clients-cut ${fault.site}, ${fault.manner}`;
    case 'clients-paused':
      return `clients-paused, group ${fault.group}`;
    case 'blackout':
    case 'coordinator-killed':
    case 'coordinator-paused':
      return fault.kind;
    case 'coordinator-cut':
    case 'member-cut':
      return `${fault.kind} ${fault.site}, ${fault.manner}`;
  }
}
