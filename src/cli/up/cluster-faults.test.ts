import { beforeEach, expect, it } from 'vitest';
import type { FaultOutcome, FaultRequest } from '../../gateways/native-http/fault-control.js';
import { ClusterFaults } from './cluster-faults.js';
import { FaultChannel } from './fault-channel.js';
import type { ChildMessage, ParentMessage } from './fault-messages.js';
import type { ChildListener, ChildState, SiteChild } from './site-child.js';

/** Stands in for the process of a site. */
class FakeChild {
  heard: ChildListener | null = null;
  state: ChildState = 'ready';
  readonly told: ParentMessage[] = [];

  constructor(readonly site: string) {}

  tell(message: ParentMessage): boolean {
    this.told.push(message);
    return true;
  }

  setPaused(paused: boolean): boolean {
    if (this.state === 'stopped') return false;
    this.state = paused ? 'paused' : 'ready';
    return true;
  }

  stop(): Promise<void> {
    this.state = 'stopped';
    return Promise.resolve();
  }

  start(): Promise<{ ok: true }> {
    this.state = 'ready';
    this.heard?.ready();
    return Promise.resolve({ ok: true });
  }
}

let children: FakeChild[];
let faults: ClusterFaults;

beforeEach(() => {
  children = ['nyc', 'tor', 'lon'].map((site) => new FakeChild(site));
  const wan = { 'nyc-lon': { rttMs: 72, jitterMs: 3 } };
  faults = new ClusterFaults(children as unknown as SiteChild[], wan);
});

type LinkRequest = Extract<FaultRequest, { kind: 'link' }>;

function link(fields: Partial<LinkRequest>): LinkRequest {
  return { kind: 'link', a: 'nyc', b: 'lon', cut: false, addedMs: 0, ...fields };
}

it('cuts a link at both of its ends, and heals it', async () => {
  const cut = await faults.act(link({ cut: true }));
  expect(cut).toMatchObject({ status: { links: [{ a: 'lon', b: 'nyc', cut: true }] } });
  const change = { cut: true, rttMs: 72, jitterMs: 3 };
  expect(children.map(({ told }) => told)).toEqual([
    [{ kind: 'link', a: 'lon', b: 'nyc', change }],
    [],
    [{ kind: 'link', a: 'lon', b: 'nyc', change }],
  ]);
  expect(await faults.act(link({}))).toMatchObject({ status: { links: [] } });
  expect(children[0]?.told.at(-1)).toMatchObject({ change: { cut: false, rttMs: 72 } });
});

it('adds to the usual distance, and does so again for a site that starts anew', async () => {
  await faults.act(link({ addedMs: 300 }));
  await faults.act({ kind: 'site', site: 'nyc', action: 'kill' });
  await faults.act({ kind: 'site', site: 'nyc', action: 'start' });
  expect(children[0]?.told.map((told) => told.kind === 'link' && told.change.rttMs)).toEqual([
    372, 372,
  ]);
});

it('says why it cannot', async () => {
  await faults.act({ kind: 'site', site: 'tor', action: 'kill' });
  const refused = await Promise.all([
    faults.act({ kind: 'site', site: 'tor', action: 'pause' }),
    faults.act({ kind: 'site', site: 'rome', action: 'kill' }),
    faults.act(link({ b: 'nyc' })),
  ]);
  expect(refused.map((outcome) => !outcome.ok && outcome.message)).toEqual([
    'tor does not run',
    'there is no site "rome"',
    'nyc and nyc are not two sites of this cluster',
  ]);
});

it('is asked by a site over its channel, which does with its links what it is told', async () => {
  const changed: unknown[] = [];
  const asked: ChildMessage[] = [];
  const channel = new FaultChannel(
    (message) => asked.push(message),
    (...change) => changed.push(change),
  );
  const outcome = channel.act({ kind: 'site', site: 'lon', action: 'stop' });
  const [question] = asked;
  if (question?.kind !== 'fault') throw new Error('nothing was asked');
  const answer: FaultOutcome = await faults.act(question.request);
  channel.receive({ kind: 'fault-done', id: question.id, outcome: answer });
  channel.receive({ kind: 'fault-done', id: 99, outcome: answer });
  channel.receive('nonsense');
  expect(await outcome).toMatchObject({ ok: true });
  await faults.act(link({ cut: true }));
  channel.receive(children[0]?.told[0]);
  expect(changed).toEqual([['lon', 'nyc', { cut: true, rttMs: 72, jitterMs: 3 }]]);
});
