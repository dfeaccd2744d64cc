export interface Notice {
  readonly id: number;
  readonly tone: 'plain' | 'good' | 'bad';
  readonly text: string;
  readonly action: { readonly label: string; readonly run: () => void } | null;
}

const SHOWN_MS = 6000;
const SHOWN_WITH_ACTION_MS = 12_000;
const LIMIT = 4;

/** Short messages in the corner; one with an action (undo) stays longer. */
class Notices {
  list = $state.raw<readonly Notice[]>([]);
  private nextId = 1;

  say(text: string, tone: Notice['tone'] = 'plain', action: Notice['action'] = null): void {
    const notice = { id: this.nextId++, text, tone, action };
    this.list = [...this.list, notice].slice(-LIMIT);
    const shownMs = action === null ? SHOWN_MS : SHOWN_WITH_ACTION_MS;
    setTimeout(() => this.drop(notice.id), shownMs);
  }

  drop(id: number): void {
    this.list = this.list.filter((notice) => notice.id !== id);
  }
}

export const notices = new Notices();
