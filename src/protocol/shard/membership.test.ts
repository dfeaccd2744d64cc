import { describe, expect, it } from 'vitest';
import type { Configuration, LogEntry } from '../log-entry.js';
import {
  activeOf,
  countsIn,
  createMembership,
  hasRecoveryQuorum,
  noteConfigure,
  reachedByAll,
  settleConfigure,
  toRecover,
} from './membership.js';

const configuration = (
  version: number,
  sites: readonly string[],
  writeQuorum: number,
  since: Record<string, number> = {},
): Configuration => ({ version, sites, writeQuorum, since });

const THREE = configuration(0, ['nyc', 'tor', 'lon'], 2);
const FOUR = configuration(1, ['nyc', 'tor', 'lon', 'fra'], 3);
const REPLACED = configuration(1, ['nyc', 'tor', 'lon'], 2, { nyc: 2 });

const answers = (...told: readonly (readonly [string, number])[]) =>
  new Map(told.map(([site, incarnation]) => [site, { incarnation }]));

describe('while one configuration follows another', () => {
  it('a value is reached when a write quorum of each reaches it', () => {
    const held: Readonly<Record<string, number>> = { nyc: 9, tor: 9, lon: 4, fra: 5 };
    const voiceOf = (site: string) => ({ incarnation: 1, value: held[site] ?? 0 });
    expect(reachedByAll([THREE], voiceOf)).toBe(9);
    expect(reachedByAll([THREE, FOUR], voiceOf)).toBe(5);
    expect(reachedByAll([FOUR], voiceOf)).toBe(5);
  });

  it('a recovery quorum of the one may be none of the other', () => {
    expect(hasRecoveryQuorum([THREE], answers(['lon', 1], ['fra', 1]))).toBe(false);
    expect(hasRecoveryQuorum([FOUR], answers(['lon', 1], ['fra', 1]))).toBe(true);
    expect(hasRecoveryQuorum([THREE, FOUR], answers(['lon', 1], ['fra', 1]))).toBe(false);
    expect(hasRecoveryQuorum([THREE, FOUR], answers(['lon', 1], ['tor', 1]))).toBe(true);
  });
});

describe('what is remembered beside a log', () => {
  const configure = (seq: number, configuration: Configuration): LogEntry => ({
    epoch: 1,
    seq,
    atMs: 0,
    requestId: '',
    operation: { kind: 'configure', configuration },
  });
  const THREE_AGAIN = configuration(2, ['nyc', 'tor', 'lon'], 2);

  it('is not undone by a view that replays how it came to that', () => {
    const membership = createMembership(THREE, null, THREE_AGAIN);
    const log = [configure(4, FOUR), configure(7, THREE_AGAIN)];
    for (const entry of log) noteConfigure(membership, entry);
    const active = () => activeOf({ membership, commitSeq: 7 });
    expect(active()).toEqual([THREE_AGAIN]);
    for (const entry of log) {
      settleConfigure(membership, entry);
      expect(active()).toEqual([THREE_AGAIN]);
    }
  });
});

describe('what a new primary has to ask', () => {
  it('is all that the logs of those who answered name', () => {
    expect(toRecover([[THREE], [THREE, FOUR]])).toEqual([THREE, FOUR]);
  });

  it('leaves out what somebody knows to have been followed', () => {
    expect(toRecover([[THREE], [THREE, FOUR], [FOUR]])).toEqual([FOUR]);
  });

  it('leaves out another one of the same number that never committed', () => {
    const lost = configuration(1, ['nyc', 'tor', 'lon', 'sin'], 3);
    expect(toRecover([[THREE, lost], [FOUR]])).toEqual([FOUR]);
    expect(toRecover([[THREE, lost], [THREE]])).toEqual([THREE, lost]);
  });
});

describe('a machine in the place of another', () => {
  it('counts from the change on, and the other one before it', () => {
    const both = [THREE, REPLACED];
    expect(countsIn(both, THREE, 'nyc', 1)).toBe(true);
    expect(countsIn(both, THREE, 'nyc', 2)).toBe(false);
    expect(countsIn(both, REPLACED, 'nyc', 1)).toBe(false);
    expect(countsIn(both, REPLACED, 'nyc', 2)).toBe(true);
  });

  it('goes on counting after it lost its own disk', () => {
    expect(countsIn([REPLACED], REPLACED, 'nyc', 3)).toBe(true);
  });

  it('does not help to recover what the other one acknowledged', () => {
    expect(hasRecoveryQuorum([THREE, REPLACED], answers(['lon', 1], ['nyc', 2]))).toBe(false);
    expect(hasRecoveryQuorum([REPLACED], answers(['lon', 1], ['nyc', 1]))).toBe(false);
    expect(hasRecoveryQuorum([REPLACED], answers(['lon', 1], ['nyc', 2]))).toBe(true);
  });
});
