import { expect, it } from 'vitest';
import type { ReplicaStatus, ShardStatus } from '../api/cluster.ts';
import { siteChange } from './site-change.ts';

const LEASES = { held: 0, heldForMs: 0, registered: 0, lent: [], waitingWrites: 0 };

function shard(name: string, replicas: readonly ReplicaStatus[]): ShardStatus {
  return {
    shard: name,
    home: name,
    primary: name,
    epoch: 1,
    role: 'primary',
    endSeq: 5000,
    commitSeq: 5000,
    appliedSeq: 5000,
    replicas,
    leases: LEASES,
  };
}

const newcomer = (
  behindEntries: number,
  state: ReplicaStatus['state'] = 'catching_up',
  connected = true,
): ReplicaStatus => ({ site: 'fra', connected, behindEntries, state });

it('says of a site that comes how far it is with the files of each', () => {
  const shards = [
    shard('nyc', [newcomer(4000)]),
    shard('tor', [newcomer(3, 'current')]),
    shard('lon', [newcomer(3, 'snapshot')]),
    shard('par', [newcomer(0, 'away', false)]),
    shard('ber', []),
  ];
  const change = siteChange({ kind: 'add', site: 'fra', state: 'preparing' }, shards);
  expect(change).toMatchObject({ kind: 'add', site: 'fra', isOpen: true });
  expect(change?.fillings).toEqual([
    { shard: 'nyc', text: '4,000 log entries to come', isFilled: false },
    { shard: 'tor', text: 'has everything', isFilled: true },
    { shard: 'lon', text: 'takes a snapshot', isFilled: false },
    { shard: 'par', text: 'not connected yet', isFilled: false },
    { shard: 'ber', text: 'not connected yet', isFilled: false },
  ]);
});

it('says that one that leaves hands over, and nothing of filling', () => {
  const change = siteChange({ kind: 'remove', site: 'lon', state: 'preparing' }, [
    shard('nyc', []),
  ]);
  expect(change).toMatchObject({ title: 'is being removed', fillings: [], isOpen: true });
});

it('is not to be given up any more once the others are told', () => {
  const change = siteChange({ kind: 'replace', site: 'lon', state: 'counting' }, []);
  expect(change).toMatchObject({ kind: 'replace', fillings: [], isOpen: false });
});

it('is nothing where no site comes or goes', () => {
  expect(siteChange(null, [])).toBeNull();
  expect(siteChange(undefined, [])).toBeNull();
});
