import { createHmac } from 'node:crypto';
import type { Seal } from '../../seal.js';
import { isSameSecret } from '../secret-comparison.js';

const TOKEN = /^(([A-Z2-7]{16})\.([0-9a-z]{1,11}))\.([A-Za-z0-9_-]{43})$/;
const OPENED = /^([0-9a-z]{1,11})\.([A-Za-z0-9_-]{43})$/;

/** How long a browser that showed the password need not show it again, in milliseconds. */
export const OPENED_LIFE_MS = 12 * 60 * 60 * 1000;

/**
 * What links are made of: an id and an end, under the cluster's own seal, so that every site knows a
 * link that was made at another, and refuses one that was made up before it looks anything up.
 */
export class ShareTokens {
  private readonly key: Buffer;

  constructor(
    seal: Seal,
    private readonly wallMs: () => number,
  ) {
    this.key = seal.derive('share links');
  }

  make(id: string, endMs: number): string {
    const text = `${id}.${endMs.toString(36)}`;
    return `${text}.${this.tagOf(`link ${text}`)}`;
  }

  /** The id that it names; null for what was not made here, or is over. */
  idOf(token: string): string | null {
    const [, text, id, end, tag] = TOKEN.exec(token) ?? [];
    if (text === undefined || id === undefined || end === undefined || tag === undefined) {
      return null;
    }
    if (!isSameSecret(tag, this.tagOf(`link ${text}`))) return null;
    return Number.parseInt(end, 36) > this.wallMs() ? id : null;
  }

  /** What a browser keeps once it has shown the password that has this hash. */
  makeOpened(id: string, passwordHash: string): string {
    const end = (this.wallMs() + OPENED_LIFE_MS).toString(36);
    return `${end}.${this.tagOf(`opened ${id} ${end} ${passwordHash}`)}`;
  }

  isOpened(shown: string, id: string, passwordHash: string): boolean {
    const [, end, tag] = OPENED.exec(shown) ?? [];
    if (end === undefined || tag === undefined) return false;
    if (!isSameSecret(tag, this.tagOf(`opened ${id} ${end} ${passwordHash}`))) return false;
    return Number.parseInt(end, 36) > this.wallMs();
  }

  private tagOf(text: string): string {
    return createHmac('sha256', this.key).update(text).digest('base64url');
  }
}
