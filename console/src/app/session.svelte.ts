import { anyFields, call, type Fields, onUnauthorized } from '../api/http.ts';

const PATH = '/v1/session';

export type SessionState =
  | 'asking'
  /** The store asks nobody for a key. */
  | 'open'
  | 'signed-in'
  | 'signed-out'
  | 'unreachable';

/** Who uses this page. The key goes to the site once and comes back as a cookie no script can read. */
class Session {
  state = $state<SessionState>('asking');
  /** What the site calls the one who signed in. */
  name = $state('');
  /** Sees everything; another key sees what it has rights to. */
  administrator = $state(false);

  constructor() {
    onUnauthorized(() => {
      if (this.state === 'signed-in' || this.state === 'open') this.state = 'signed-out';
    });
  }

  async ask(): Promise<void> {
    const answer = await call('GET', PATH, anyFields);
    if (answer.ok) {
      this.state = answer.value.keyId === '' ? 'open' : 'signed-in';
      this.know(answer.value);
    } else if (answer.status === 401 || answer.status === 403) {
      this.state = 'signed-out';
    } else {
      this.state = answer.status === 0 ? 'unreachable' : 'open';
      this.administrator = this.state === 'open';
    }
  }

  /** Null, or why not. */
  async signIn(key: string): Promise<string | null> {
    const answer = await call('POST', PATH, anyFields, { key });
    if (!answer.ok) {
      return answer.status === 401 || answer.status === 403
        ? 'This key is not known here.'
        : `It did not work: ${answer.message}.`;
    }
    this.state = 'signed-in';
    this.know(answer.value);
    return null;
  }

  async signOut(): Promise<void> {
    await call('DELETE', PATH, anyFields);
    this.state = 'signed-out';
    location.reload();
  }

  private know({ keyId, administrator }: Fields): void {
    this.administrator = administrator === true || this.state === 'open';
    this.name = this.administrator ? 'administrator' : String(keyId ?? '');
  }
}

export const session = new Session();
