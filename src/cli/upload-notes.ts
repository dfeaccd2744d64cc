import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import type { World } from './world.js';

const UPLOAD_ID = /^[0-9a-f]{32}$/;

/**
 * Which upload a local file is on its way by, kept on this machine (`$XDG_STATE_HOME/quorate`) so that
 * the same command goes on where an earlier one was cut off. Where nothing can be kept it begins anew.
 */
export class UploadNote {
  private readonly file: string;

  /** `about`: all that has to be the same for it to be the same upload. */
  constructor({ environment }: World, about: readonly string[]) {
    const { XDG_STATE_HOME, HOME } = environment;
    const state = XDG_STATE_HOME ?? join(HOME ?? homedir(), '.local', 'state');
    const name = createHash('sha256').update(JSON.stringify(about)).digest('hex');
    this.file = join(state, 'quorate', 'uploads', name);
  }

  async read(): Promise<string | null> {
    const text = await readFile(this.file, 'utf8').catch(() => '');
    return UPLOAD_ID.test(text) ? text : null;
  }

  async keep(upload: string): Promise<void> {
    try {
      await mkdir(dirname(this.file), { recursive: true, mode: 0o700 });
      await writeFile(this.file, upload, { mode: 0o600 });
    } catch {
      // It goes in any case, only not on after a cut.
    }
  }

  async forget(): Promise<void> {
    await rm(this.file, { force: true }).catch(() => undefined);
  }
}
