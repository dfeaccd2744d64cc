import { store } from '../app/store.svelte.ts';
import { describe } from './file-actions.ts';
import type { FileVersionInfo } from './file-state.svelte.ts';
import { readText } from './text-content.ts';

/** Somebody else's version that was there before ours could be. */
export interface Conflict {
  readonly version: number;
  /** Null: it was deleted. */
  readonly text: string | null;
}

/**
 * A text that is being edited. It is saved only if the version it began from is still the newest;
 * else both sides are kept, and a person says how it goes on.
 */
export class TextEdit {
  text = $state('');
  saving = $state(false);
  fault = $state<string | null>(null);
  conflict = $state.raw<Conflict | null>(null);
  /** What was read; null before it is. 0 stands for no file. */
  baseVersion = $state<number | null>(null);
  private baseText = $state('');
  readonly changed = $derived(this.baseVersion === 0 || this.text !== this.baseText);

  constructor(
    readonly name: string,
    private readonly contentType: string,
  ) {}

  async begin(head: FileVersionInfo | null): Promise<void> {
    if (head !== null) {
      const read = await readText(head.name, head.version, head.size);
      if (!read.ok) {
        this.fault = read.message;
        return;
      }
      this.baseText = read.text;
      this.text = read.text;
    }
    this.baseVersion = head?.version ?? 0;
  }

  /** The version it became; null if it was not saved. */
  async save(): Promise<number | null> {
    const { baseVersion, text } = this;
    if (baseVersion === null || this.saving) return null;
    this.saving = true;
    this.fault = null;
    const client = await store.client();
    const condition = baseVersion === 0 ? { ifAbsent: true } : { ifVersion: baseVersion };
    const { contentType } = this;
    const result = await client.write(this.name, text, { ...condition, contentType });
    this.saving = false;
    if (result.outcome === 'committed') {
      this.baseVersion = result.version;
      this.baseText = text;
      return result.version;
    }
    if (result.outcome === 'rejected' && result.reason === 'precondition_failed') {
      await this.meet();
    } else {
      this.fault = describe(result);
    }
    return null;
  }

  /** Goes on with a text, over the version that was in the way. */
  resolve(text: string): void {
    if (this.conflict === null) return;
    this.text = text;
    this.baseVersion = this.conflict.text === null ? 0 : this.conflict.version;
    this.baseText = this.conflict.text ?? '';
    this.conflict = null;
  }

  private async meet(): Promise<void> {
    const client = await store.client();
    const read = await client.read(this.name, { mode: 'validate' });
    if (read.outcome === 'found') {
      this.conflict = { version: read.file.version, text: read.file.text() };
    } else if (read.outcome === 'absent') {
      this.conflict = { version: read.version ?? 0, text: null };
    } else {
      this.fault = `Somebody else has written it, and what could not be read: ${read.message}.`;
    }
  }
}
