import { describe, expect, it } from 'vitest';
import { INITIAL_HARD_STATE, type ClaimRecord } from '../ports.js';
import { DEFAULT_LIMITS, DEFAULT_TIMING } from './config.js';
import type { ShardEffect } from './effects.js';
import type { ShardInput } from './inputs.js';
import { createShardState, type ShardState } from './state.js';
import { step } from './step.js';

const SITES = ['nyc', 'tor', 'lon'];
const { claimMs, staggerMs } = DEFAULT_TIMING;

function replica(site: string): ShardState {
  const config = {
    shard: 'nyc',
    site,
    run: `${site}-1`,
    incarnation: 1,
    starts: 1,
    succession: SITES,
    writeQuorum: 2,
    timing: DEFAULT_TIMING,
    limits: DEFAULT_LIMITS,
  };
  const state = createShardState(
    config,
    {
      opened: {
        base: { epoch: 0, seq: 0 },
        entries: [],
        hardState: INITIAL_HARD_STATE,
        tornBytes: 0,
      },
      viewPosition: { epoch: 0, seq: 0 },
      requests: [],
      ownership: [],
      configuration: null,
      initialRules: [],
      missingContent: new Set(),
    },
    { monoMs: 0, wallMs: 0 },
  );
  for (const peer of SITES) {
    if (peer !== site) give(state, 0, { kind: 'peer', site: peer, connected: true });
  }
  return state;
}

function give(state: ShardState, ms: number, input: ShardInput): ShardEffect[] {
  return step(state, input, { monoMs: ms, wallMs: ms });
}

function see(state: ShardState, ms: number, revision: number, change: Partial<ClaimRecord> = {}) {
  const value: ClaimRecord = {
    shard: 'nyc',
    epoch: 4,
    site: 'par',
    run: 'par-1',
    claimMs,
    renewal: revision,
    released: false,
    successor: '',
    ...change,
  };
  give(state, ms, { kind: 'claim-seen', claim: { value, revision } });
}

function standing(state: ShardState, from: string, epoch: number, seq: number, eligible = true) {
  const message = { kind: 'standing', end: { epoch, seq }, eligible } as const;
  give(state, 0, { kind: 'message', from, message });
}

/** When this site sends its claim, in milliseconds; looked for in steps of ten. */
function claimsAt(state: ShardState): number | null {
  for (let ms = 0; ms <= 10_000; ms += 10) {
    for (const effect of give(state, ms, { kind: 'tick' })) {
      if (effect.kind === 'swap-claim') return ms;
    }
  }
  return null;
}

describe('who claims when', () => {
  it('waits a claim time from the last change, and its place in the succession', () => {
    const first = replica('nyc');
    see(first, 0, 1);
    expect(claimsAt(first)).toBe(claimMs);
    const last = replica('lon');
    for (const site of ['nyc', 'tor']) standing(last, site, 0, 0);
    see(last, 0, 1);
    expect(claimsAt(last)).toBe(claimMs + 2 * staggerMs);
  });

  it('stands behind who is further on in the log, before who is nearer home', () => {
    const home = replica('nyc');
    standing(home, 'lon', 4, 9);
    standing(home, 'tor', 0, 0);
    see(home, 0, 1);
    expect(claimsAt(home)).toBe(claimMs + staggerMs);
  });

  it('does not wait for who may not claim', () => {
    const last = replica('lon');
    standing(last, 'nyc', 4, 9, false);
    see(last, 0, 1);
    expect(claimsAt(last)).toBe(claimMs);
  });

  it('measures anew after any difference, and not after a late sight of what was', () => {
    const site = replica('nyc');
    see(site, 0, 5);
    see(site, 1000, 6);
    see(site, 1400, 5);
    expect(claimsAt(site)).toBe(1000 + claimMs);
  });

  it('takes what was released at once, the chosen successor before the others', () => {
    const chosen = replica('lon');
    for (const site of ['nyc', 'tor']) standing(chosen, site, 9, 9);
    see(chosen, 0, 1, { released: true, successor: 'lon' });
    expect(claimsAt(chosen)).toBe(0);
    const other = replica('nyc');
    see(other, 0, 1, { released: true, successor: 'lon' });
    expect(claimsAt(other)).toBe(4 * staggerMs);
  });

  it('does not claim without a quorum in reach, nor before the coordinator was heard', () => {
    const alone = replica('nyc');
    see(alone, 0, 1);
    for (const site of ['tor', 'lon']) give(alone, 0, { kind: 'peer', site, connected: false });
    expect(claimsAt(alone)).toBeNull();
    expect(claimsAt(replica('nyc'))).toBeNull();
  });

  it('claims an epoch above every one it has seen', () => {
    const site = replica('nyc');
    see(site, 0, 1);
    const promised = { epoch: 9, run: 'old' };
    const message = { kind: 'refused', epoch: 4, run: 'x', promised } as const;
    give(site, 0, { kind: 'message', from: 'tor', message });
    const effects = give(site, claimMs, { kind: 'tick' });
    expect(effects).toContainEqual(
      expect.objectContaining({
        kind: 'swap-claim',
        value: expect.objectContaining({ epoch: 10 }),
      }),
    );
  });

  it('asks once, whatever the coordinator does, until it has an answer', () => {
    const site = replica('nyc');
    see(site, 0, 1);
    expect(claimsAt(site)).toBe(claimMs);
    expect(claimsAt(site)).toBeNull();
  });
});

describe('the home site, caught up', () => {
  /** When it asks for its shard, which Toronto has. */
  function asksAt(state: ShardState): number | null {
    const reign = { epoch: 2, run: 'tor-1' };
    for (let ms = 0; ms <= 10_000; ms += 10) {
      state.leader = { site: 'tor', reign, heardMs: ms, commitSeq: 0 };
      const asked = give(state, ms, { kind: 'tick' }).some(
        (effect) => effect.kind === 'send' && effect.message.kind === 'handover-request',
      );
      if (asked) return ms;
    }
    return null;
  }

  it('asks for its shard after a while, and not before it may claim it again', () => {
    const { homecomingMs } = DEFAULT_TIMING;
    expect(asksAt(replica('nyc'))).toBe(homecomingMs);
    const steppedBack = replica('nyc');
    steppedBack.claim.stepBackUntilMs = 3000;
    expect(asksAt(steppedBack)).toBe(3000 + homecomingMs);
  });
});
