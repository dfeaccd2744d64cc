import type { RunOptions } from '../options.js';
import type { Random } from '../random.js';

/*
 * Everything a run will do to itself, decided before it starts: what the clients ask for and what
 * goes wrong, as plain lists. A failing run is shrunk by leaving out parts of these lists.
 */

export interface PlannedOperation {
  readonly client: number;
  readonly thinkMs: number;
  readonly kind: 'write' | 'delete' | 'read' | 'list' | 'move';
  readonly file: number;
  readonly local: boolean;
  readonly chunked: boolean;
  readonly condition: 'none' | 'ifVersion' | 'ifAbsent' | 'ifMatch' | 'ifNoneMatch';
  /** Ask again under the same request id after an uncertain answer, and sometimes a certain one. */
  readonly retry: boolean;
  /** Go to another site before this one. */
  readonly move: boolean;
}

const CONDITIONS = ['ifVersion', 'ifAbsent', 'ifMatch', 'ifNoneMatch'] as const;

export function planOperations(options: RunOptions, random: Random): PlannedOperation[] {
  const { mix, clients, hotFiles, coldFiles, safetyMs } = options;
  const operations: PlannedOperation[] = [];
  for (let client = 0; client < clients; client += 1) {
    const own = random.fork(`client/${client}`);
    // Answers take time too: this many is what a client gets through at the very most.
    const most = Math.min(2000, Math.ceil(safetyMs / Math.max(mix.thinkMs, 10)));
    for (let index = 0; index < most; index += 1) {
      const kind = drawKind(own, mix);
      const hot = own.chance(mix.hotChance) || coldFiles === 0;
      operations.push({
        client,
        thinkMs: own.exponential(mix.thinkMs),
        kind,
        file: hot ? own.int(hotFiles) : hotFiles + own.int(coldFiles),
        local: own.chance(mix.localChance),
        chunked: own.chance(mix.chunkedChance),
        condition: own.chance(mix.conditionChance) ? own.pick(CONDITIONS) : 'none',
        retry: own.chance(mix.retryChance),
        move: own.chance(mix.changeSiteChance),
      });
    }
  }
  return [...operations, ...planMoves(options, random.fork('moves'))];
}

/** Names of files that come into being late, so that their rules can be moved before. */
export const MOVING_FILES = 1000;

/** One more client, which changes the primary table and writes what it moved now and then. */
function planMoves(options: RunOptions, random: Random): PlannedOperation[] {
  const { mix, clients, safetyMs } = options;
  const operations: PlannedOperation[] = [];
  if (mix.moveEveryMs === 0) return operations;
  const each = { local: false, chunked: false, condition: 'none', retry: true } as const;
  for (let atMs = 0; atMs < safetyMs && operations.length < 500; ) {
    const thinkMs = random.exponential(mix.moveEveryMs / 4);
    const client = clients + random.int(MOVER_CLIENTS);
    const kind = random.pick(['move', 'move', 'write', 'write', 'read'] as const);
    const file = MOVING_FILES + Math.floor((atMs * 3) / safetyMs) * 4 + random.int(4);
    operations.push({ client, thinkMs, kind, file, move: random.chance(0.3), ...each });
    atMs += thinkMs / MOVER_CLIENTS;
  }
  return operations;
}

/** Clients beyond those of the options that change the table. */
export const MOVER_CLIENTS = 3;

function drawKind(random: Random, mix: RunOptions['mix']): PlannedOperation['kind'] {
  const weights = [
    ['read', mix.readWeight],
    ['write', mix.writeWeight],
    ['delete', mix.deleteWeight],
    ['list', mix.listWeight],
  ] as const;
  let left = random.fraction() * weights.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [kind, weight] of weights) {
    left -= weight;
    if (left <= 0) return kind;
  }
  return 'read';
}
