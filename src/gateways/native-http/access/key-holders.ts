import type { AccessGuard } from '../../../site/access/access-guard.js';

/** What has been opened with which key, ended together when what the key may do changes. */
export class KeyHolders {
  private readonly byKey = new Map<string, Set<() => void>>();
  private readonly stopListening: () => void;

  constructor(guard: AccessGuard | null) {
    const changed = (id: string | null): void => this.changed(id);
    this.stopListening = guard?.onChange(changed) ?? (() => undefined);
  }

  /** Returns what is to be called when it has ended by itself. */
  add(keyId: string, end: () => void): () => void {
    const holders = this.byKey.get(keyId) ?? new Set();
    this.byKey.set(keyId, holders.add(end));
    return () => {
      holders.delete(end);
      if (holders.size === 0 && this.byKey.get(keyId) === holders) this.byKey.delete(keyId);
    };
  }

  close(): void {
    this.stopListening();
  }

  /** Null: any key's rights may have changed. */
  private changed(keyId: string | null): void {
    const affected = keyId === null ? [...this.byKey.values()] : [this.byKey.get(keyId) ?? []];
    for (const end of affected.flatMap((holders) => [...holders])) end();
  }
}
