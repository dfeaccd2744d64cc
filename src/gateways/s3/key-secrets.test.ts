import { expect, it } from 'vitest';
import type { ObjectService } from '../../site/object-service.js';
import { secretsOf } from './key-secrets.js';

type Find = ObjectService['keys']['find'];

const secret = (find: Find) =>
  secretsOf({ keys: { find } as Partial<ObjectService['keys']> as ObjectService['keys'] })('QK');

it('tells a key that is unknown from one that cannot be looked up now', async () => {
  expect(await secret(async () => ({ ok: true, key: null }))).toBe(null);
  const failure = { ok: false, reason: 'no_primary', message: 'wait' } as const;
  expect(await secret(async () => failure)).toMatchObject({ code: 'ServiceUnavailable' });
});
