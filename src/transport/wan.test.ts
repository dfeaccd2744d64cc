import { describe, expect, it } from 'vitest';
import { LinkTable, parseWan } from './wan.js';

const sites = ['nyc', 'tor', 'lon'];
const defaults = { 'nyc-tor': { rttMs: 12, jitterMs: 1 }, 'nyc-lon': { rttMs: 72, jitterMs: 1 } };

describe('the description of a WAN', () => {
  it('is off, on, or changes the defaults link by link', () => {
    expect(parseWan('off', sites, defaults)).toEqual({ ok: true, wan: {} });
    expect(parseWan('on', sites, defaults)).toEqual({ ok: true, wan: defaults });
    expect(parseWan('lon-nyc=100, tor-lon=90~5', sites, defaults)).toEqual({
      ok: true,
      wan: {
        'nyc-tor': { rttMs: 12, jitterMs: 1 },
        'lon-nyc': { rttMs: 100, jitterMs: 0 },
        'tor-lon': { rttMs: 90, jitterMs: 5 },
      },
    });
  });

  it.each([
    ['', 'is not a link'],
    ['nyc-lon', 'is not a link'],
    ['nyc-lon=fast', 'is not a link'],
    ['nyc-lon=-5', 'is not a link'],
    ['nyc-par=5', 'does not join two different sites of: nyc, tor, lon'],
    ['nyc-nyc=5', 'does not join two different sites'],
    ['nyc-lon=99999', 'up to 10000 ms'],
  ])('explains what is wrong with %j', (text, message) => {
    const parsed = parseWan(text, sites, defaults);
    expect(parsed.ok ? '' : parsed.message).toContain(message);
  });
});

describe('the links of a site', () => {
  it('delay each direction by half the round trip and half the jitter', () => {
    const links = new LinkTable('lon', { 'nyc-lon': { rttMs: 72, jitterMs: 4 } }, ['nyc'], () => 1);
    expect(links.delaySource('nyc').delayMs()).toBe(38);
    expect(links.delaySource('tor').delayMs()).toBe(0);
  });

  it('change at run time, as far as they end here', () => {
    const links = new LinkTable('lon', {}, ['nyc'], () => 0);
    expect(links.change('nyc', 'tor', { cut: true })).toBeNull();
    expect(links.change('nyc', 'lon', { cut: true, rttMs: 10 })).toBe('nyc');
    expect(links.isCut('nyc')).toBe(true);
    expect(links.delaySource('nyc').delayMs()).toBe(5);
  });
});
