import { open, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { nodeLogFiles } from './log/log-files.js';

/**
 * Replaces a small file as a whole: after a power cut there is the old text or the new one. On disk,
 * name included, when it resolves; rejects with the system's error.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  const file = await open(`${path}.new`, 'w', 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(`${path}.new`, path);
  await nodeLogFiles.syncFolder(dirname(path));
}
