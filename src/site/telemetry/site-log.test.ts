import { describe, expect, it } from 'vitest';
import { type LogFormat, type LogLevel, SiteLog } from './site-log.js';

function logged(format: LogFormat, level: LogLevel, ...line: Parameters<SiteLog['line']>): string {
  let text = '';
  new SiteLog('nyc', { format, level }, (written) => {
    text += written;
  }).line(...line);
  return text;
}

describe('the log', () => {
  it('is text for people: when, where, what, and what it is about', () => {
    const details = { level: 'warn', shard: 'nyc', fields: { tookMs: 1200, name: 'a b' } } as const;
    expect(logged('text', 'info', 0, 'a slow request', details)).toBe(
      '1970-01-01T00:00:00.000Z nyc: WARN a slow request shard=nyc tookMs=1200 name="a b"\n',
    );
  });

  it('is JSON for programs, one object in a line', () => {
    const details = { event: 'primary', shard: 'nyc', fields: { epoch: 4 } } as const;
    const line = logged('json', 'info', 0, 'leads', details);
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toEqual({
      time: '1970-01-01T00:00:00.000Z',
      level: 'info',
      site: 'nyc',
      message: 'leads',
      event: 'primary',
      shard: 'nyc',
      epoch: 4,
    });
  });

  it('leaves out what is less important than asked for', () => {
    expect(logged('text', 'warn', 0, 'nothing much')).toBe('');
    expect(logged('text', 'warn', 0, 'much', { level: 'error' })).toContain('ERROR much');
  });

  it('lets no text begin a line of its own or speak to a terminal', () => {
    const fields = { name: 'x\n1970 nyc: forged' };
    const line = logged('text', 'info', 0, 'a\u001b[2Jb', { fields });
    expect(line.split('\n')).toHaveLength(2);
    expect(line).not.toContain('\u001b');
  });
});
