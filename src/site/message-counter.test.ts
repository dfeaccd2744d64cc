import { expect, it } from 'vitest';
import { MessageCounter } from './message-counter.js';

it('counts messages for each site by what they are, those of shards by what is inside', () => {
  const counter = new MessageCounter();
  const reign = { epoch: 1, run: 'nyc.1.1' };
  counter.note('lon', { kind: 'shard', shard: 'nyc', message: { kind: 'recall', ...reign } });
  counter.note('lon', { kind: 'ask-end', id: 1, run: 'nyc.1.1', shard: 'lon' });
  counter.note('lon', { kind: 'ask-end', id: 2, run: 'nyc.1.1', shard: 'lon' });
  counter.note('tor', { kind: 'ask-end', id: 3, run: 'nyc.1.1', shard: 'tor' });
  expect(counter.sentTo('lon')).toEqual({ recall: 1, 'ask-end': 2 });
  expect(counter.sentTo('tor')).toEqual({ 'ask-end': 1 });
  expect(counter.sentTo('nyc')).toEqual({});
});
