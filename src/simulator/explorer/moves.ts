import type { Bounds } from './bounds.js';
import { type History, noteAttempt } from './history.js';
import type { Reductions } from './reductions.js';
import { LESSEE, MOMENTS_MS, SITES } from './setting.js';
import type { SiteMove } from './site-states.js';
import type { Summary } from './summary.js';

/** What may happen at a site besides the arrival of a letter, after what has happened so far. */
export function movesOf(
  site: number,
  summary: Summary,
  history: History,
  bounds: Bounds,
  reductions: Reductions,
): SiteMove[] {
  const { epoch, holder } = history;
  if (!summary.isUp) return [{ kind: 'start', epoch, holder }];
  const moves: SiteMove[] = [];
  if (summary.unsynced > 0) moves.push({ kind: 'sync' });
  if (summary.dueMs <= (MOMENTS_MS[history.moment] ?? 0)) moves.push({ kind: 'tick' });
  if (summary.serves) {
    for (const [write, tried] of history.attempts.entries()) {
      if (tried[site] === 'none') moves.push({ kind: 'write', write });
      const isUntried = tried.every((attempt) => attempt === 'none');
      if (isUntried && reductions.ordersWrites) break;
    }
  }
  if (bounds.leases && epoch === 1) {
    if (site === LESSEE) moves.push({ kind: 'want' });
    else if (site === 0 && !history.asked) moves.push({ kind: 'ask' });
  }
  if (bounds.handsOver && site === 0 && !history.handedOver) moves.push({ kind: 'stop' });
  if (epoch - 1 < bounds.changes && site === epoch % 2) {
    moves.push({ kind: 'claim', epoch: epoch + 1, holder: site });
  }
  if (site !== holder && summary.role !== 'replica') moves.push({ kind: 'claim', epoch, holder });
  SITES.forEach((_, peer) => {
    if (history.restarted[peer] === true && peer !== site && summary.role !== 'replica') {
      moves.push({ kind: 'meet', peer });
    }
  });
  if (history.crashes < bounds.crashes)
    moves.push(...crashes(summary, history, bounds, reductions));
  return moves;
}

function crashes(
  summary: Summary,
  { epoch, holder }: History,
  { partialLoss }: Bounds,
  { promptStart }: Reductions,
): SiteMove[] {
  const moves: SiteMove[] = [];
  for (let kept = 0; kept <= (partialLoss ? summary.unsynced : 0); kept += 1) {
    for (const keepsView of partialLoss ? [false, true] : [false]) {
      moves.push(
        promptStart
          ? { kind: 'restart', kept, keepsView, epoch, holder }
          : { kind: 'crash', kept, keepsView },
      );
    }
  }
  return moves;
}

/** The history with what a move itself adds to it. */
export function noteMove(history: History, move: SiteMove, site: number): History {
  switch (move.kind) {
    case 'crash':
      return { ...history, crashes: history.crashes + 1 };
    case 'restart':
      return { ...noteStart(history, site), crashes: history.crashes + 1 };
    case 'claim':
      if (move.epoch === history.epoch) return history;
      return { ...history, epoch: move.epoch, holder: move.holder };
    case 'write':
      return noteAttempt(history, move.write, site, 'open');
    case 'start':
      return noteStart(history, site);
    case 'ask':
      return { ...history, asked: true };
    case 'stop':
      return { ...history, handedOver: true };
    case 'want':
    case 'deliver':
    case 'sync':
    case 'tick':
    case 'meet':
      return history;
  }
}

function noteStart(history: History, site: number): History {
  const restarted = history.restarted.map((was, index) => was || index === site);
  return { ...history, restarted };
}
