import { describe, expect, it } from 'vitest';
import { amount, type Figure, figureLines, isMet, spreadText } from './figure.js';

const figure: Figure = {
  name: 'writes',
  value: 17,
  unit: 'ms',
  goal: { sense: 'at most', value: 17.2 },
  roundTrip: 'nyc-tor 12 ms',
  note: '',
};

describe('a figure', () => {
  it('is met up to its goal and not beyond it', () => {
    expect(isMet(figure)).toBe(true);
    expect(isMet({ ...figure, value: 17.3 })).toBe(false);
    expect(isMet({ ...figure, goal: { sense: 'at least', value: 17.2 } })).toBe(false);
  });

  it('is neither met nor missed where there is no goal or nothing was measured', () => {
    expect(isMet({ ...figure, goal: null })).toBeNull();
    expect(isMet({ ...figure, value: Number.NaN })).toBeNull();
  });

  it('is shown with its goal and its round trip', () => {
    const [, line = ''] = figureLines([figure]);
    expect(line).toMatch(/^writes {2}17\.0 ms {2}at most 17\.2 {2}met {2}nyc-tor 12 ms$/);
  });
});

it('shows as many digits as mean something', () => {
  expect([0.394, 23.32, 5123.4, Number.NaN].map(amount)).toEqual([
    '0.39',
    '23.3',
    '5,123',
    'not measured',
  ]);
});

it('tells how far apart repetitions lie', () => {
  expect(spreadText([3, 1, 2])).toBe('3 runs, 1.00 to 3.00');
});
