import type { StorageFailure } from '../protocol/ports.js';

/** What an error of the operating system or of lmdb means to the site. */
export function storageFailureOf(error: unknown, doing: string): StorageFailure {
  const { code, message } = describe(error);
  const full = code === 'ENOSPC' || code === 'EDQUOT' || /ENOSPC|No space left/i.test(message);
  return { kind: full ? 'disk_full' : 'io_error', message: `${doing}: ${message}` };
}

function describe(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: '', message: String(error) };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  return { code, message: error.message };
}
