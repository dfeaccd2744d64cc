import type { ClientReadAnswer } from '../../protocol/client/answers.js';
import type { FileVersion } from '../../protocol/file-version.js';
import type { Machine } from './machine.js';
import type { Mode } from './options.js';
import type { Requests } from './requests.js';
import type { SeenVersions } from './seen-versions.js';

export type NewestAnswer =
  | Extract<ClientReadAnswer, { readonly ok: true }>
  | { readonly ok: false; readonly reason: string };

/** The newest version of files, never an older one than this client has seen before. */
export class Newest {
  constructor(
    private readonly machine: Machine,
    private readonly requests: Requests,
    private readonly seen: SeenVersions,
  ) {}

  async read(name: string, mode: Mode, untilMs: number): Promise<NewestAnswer> {
    const answer = await this.requests.read(name, mode, untilMs);
    if (mode !== 'local' || (answer.ok && this.isCurrent(name, answer.head))) {
      return this.noted(name, answer);
    }
    return this.readOtherwise(name, answer, untilMs);
  }

  /** The site is behind, or silent: what was kept will do, else the primary is asked. */
  private async readOtherwise(
    name: string,
    local: ClientReadAnswer,
    untilMs: number,
  ): Promise<NewestAnswer> {
    const kept = this.machine.state.cache.entries.get(name);
    if (kept !== undefined && this.isCurrent(name, kept.head)) {
      return { kind: 'read', ok: true, head: kept.head, freshness: 'local' };
    }
    if (!local.ok) return local;
    const answer = await this.requests.read(name, 'strong', untilMs);
    return answer.ok ? this.noted(name, answer) : { ok: false, reason: 'behind' };
  }

  private isCurrent(name: string, head: FileVersion | null): boolean {
    return this.seen.isCurrent(name, head?.version ?? 0);
  }

  private noted(name: string, answer: ClientReadAnswer): ClientReadAnswer {
    if (answer.ok) this.seen.note(name, answer.head?.version ?? 0);
    return answer;
  }
}
