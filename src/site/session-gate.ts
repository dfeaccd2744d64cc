import type { ClientMessage, SiteReply } from '../protocol/client/messages.js';
import type { SessionAudit } from './file-service.js';
import type { Caller } from './access/caller.js';
import { permitsName, permitsNames } from './access/rights.js';

/** Whose session it is. */
export interface SessionAccess {
  readonly caller: Caller;
  /** Whether anybody may read the bucket. */
  isPublic(bucket: string): Promise<boolean>;
  readonly heard?: SessionAudit;
}

export interface GatePorts {
  /** To the session: the client may do this. */
  pass(message: ClientMessage): void;
  /** To the client: it may not. */
  reply(message: SiteReply): void;
}

/**
 * Judges what a client says on its session before the session hears it. Rights are those that its
 * key had when the session began: whoever opens it ends it when they change.
 */
export class SessionGate {
  constructor(
    private readonly access: SessionAccess,
    private readonly ports: GatePorts,
  ) {}

  take(message: ClientMessage): void {
    const { pass, reply } = this.ports;
    switch (message.kind) {
      case 'read':
        return this.read(message);
      case 'write': {
        if (this.may(message.write.name, 'write')) return pass(message);
        const { id, sentMs } = message;
        const answer = { outcome: 'refused', reason: 'forbidden' } as const;
        return reply({ kind: 'written', id, answer, head: null, keep: null, sentMs, leases: [] });
      }
      case 'revalidate': {
        const { id, files, sentMs } = message;
        if (files.every(({ name }) => this.may(name, 'read'))) return pass(message);
        // None may be kept: what the client still wants it reads again, each judged by itself.
        const keeps = files.map(() => null);
        return reply({ kind: 'revalidated', id, keeps, sentMs, leases: [] });
      }
      case 'watch': {
        const { id, prefix } = message;
        if (permitsNames(this.access.caller.rights, prefix, 'read')) return pass(message);
        return reply({ kind: 'watch-ended', id, reason: 'forbidden' });
      }
      case 'renew':
      case 'done':
      case 'left':
      case 'unwatch':
      case 'bye':
        return pass(message);
    }
  }

  private read(message: Extract<ClientMessage, { kind: 'read' }>): void {
    const { pass, reply } = this.ports;
    const { id, name } = message;
    if (this.may(name, 'read')) return pass(message);
    const refuse = (): void => reply({ kind: 'read', id, ok: false, reason: 'forbidden' });
    this.access.isPublic(name.slice(0, name.indexOf('/'))).then(
      (isPublic) => (isPublic ? pass(message) : refuse()),
      () => refuse(),
    );
  }

  private may(name: string, level: 'read' | 'write'): boolean {
    return permitsName(this.access.caller.rights, name, level);
  }
}
