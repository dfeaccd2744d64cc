import { describe, expect, it } from 'vitest';
import type { SiteMessage } from '../../protocol/node/messages.js';
import { type Forwarded, MessageWatch } from './message-watch.js';
import { MetricRegistry } from './metric-registry.js';

function setUp() {
  const registry = new MetricRegistry();
  const clock = { ms: 0 };
  const answered: Forwarded[] = [];
  const watch = new MessageWatch(
    registry,
    () => clock.ms,
    (forwarded) => answered.push(forwarded),
  );
  return { registry, clock, answered, watch };
}

const ask = (id: number): SiteMessage => ({
  kind: 'ask',
  id,
  run: 'tor.1.1',
  shard: 'nyc',
  name: 'docs/a',
  held: null,
  keep: true,
  trace: 'r-1',
});
const asked = (id: number): SiteMessage => ({
  kind: 'asked',
  id,
  run: 'tor.1.1',
  answer: { outcome: 'retry', reason: 'no_primary' },
});
const shard = (message: object): SiteMessage =>
  ({ kind: 'shard', shard: 'nyc', message }) as SiteMessage;

describe('the watch over messages', () => {
  it('takes the time of a question of another site until its answer, and keeps its name', () => {
    const { registry, clock, answered, watch } = setUp();
    watch.heard('tor', ask(1));
    clock.ms = 4;
    watch.sent('tor', asked(2));
    watch.sent('tor', asked(1));
    watch.sent('tor', asked(1));
    expect(answered).toMatchObject([{ from: 'tor', kind: 'ask', trace: 'r-1', shard: 'nyc' }]);
    const { sum, counts } = registry.histogram('quorate_forwarded_duration_seconds', 'read');
    expect([sum, counts.reduce((a, b) => a + b)]).toEqual([0.004, 1]);
  });

  it('takes the time that a site needs to give a file back, from the first asking on', () => {
    const { registry, clock, watch } = setUp();
    const files = [{ name: 'docs/a', seq: 7 }];
    watch.sent('tor', shard({ kind: 'revoke', files }));
    clock.ms = 80;
    watch.sent('tor', shard({ kind: 'revoke', files }));
    clock.ms = 90;
    watch.heard('tor', shard({ kind: 'revoked', files }));
    watch.heard('lon', shard({ kind: 'revoked', files }));
    expect(registry.histogram('quorate_invalidation_seconds', 'site').sum).toBeCloseTo(0.09);
  });

  it('takes the time of clients in the same way', () => {
    const { registry, clock, watch } = setUp();
    watch.clientsTold('nyc', ['s/1', 's/2'], 3);
    clock.ms = 5;
    watch.clientDone('nyc', 's/1', 3);
    watch.clientDone('nyc', 's/1', 3);
    watch.clientDone('nyc', 's/2', 2);
    const { counts } = registry.histogram('quorate_invalidation_seconds', 'client');
    expect(counts.reduce((a, b) => a + b)).toBe(1);
  });
});
