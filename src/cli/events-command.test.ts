import { expect, it } from 'vitest';
import { eventLine } from './events-command.js';

it('shows an event as one line, marked when it is alarming, without what speaks to a terminal', () => {
  const event = { id: 1, atMs: 0, site: 'nyc', kind: 'primary', level: 'info', message: 'leads' };
  expect(eventLine(event)).toBe('1970-01-01 00:00:00.000   nyc  primary         leads');
  const bad = eventLine({ ...event, level: 'warn', message: 'a\u001b[2J\nb' });
  expect(bad).toContain(' ! nyc');
  expect(bad).not.toMatch(/[\u001b\n]/);
});
