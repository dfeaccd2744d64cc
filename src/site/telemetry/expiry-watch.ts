import type { CredentialSource } from '../../certificates/credential-watch.js';
import { EXPIRES_SOON_MS, expiriesOf } from '../../certificates/expiry.js';
import type { CertificateStatus } from '../status-types.js';
import type { Report } from './site-log.js';

const LOOK_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Knows when the certificates in use end, and tells operators of it in time, once a day. */
export class ExpiryWatch {
  private readonly certificates = new Map<'site' | 'client', readonly CertificateStatus[]>();
  private readonly toldMs = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly report: Report,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** From now on these are watched, those that replace them too. */
  add(whose: 'site' | 'client', source: CredentialSource): void {
    const take = (): void => {
      const expiries = expiriesOf(source.current).map(({ of, atMs }) => {
        return { what: of === 'authority' ? of : whose, expiresMs: atMs } as const;
      });
      this.certificates.set(whose, expiries);
      this.look();
    };
    source.onChange(take);
    take();
    this.timer ??= setInterval(() => this.look(), LOOK_EVERY_MS).unref();
  }

  list(): CertificateStatus[] {
    return [...this.certificates.values()].flat();
  }

  /** Tells of those that end soon or have ended. */
  look(): void {
    const nowMs = this.nowMs();
    for (const { what, expiresMs } of this.list()) {
      const leftMs = expiresMs - nowMs;
      if (leftMs > EXPIRES_SOON_MS) this.toldMs.delete(what);
      else if (nowMs - (this.toldMs.get(what) ?? Number.NEGATIVE_INFINITY) >= DAY_MS) {
        this.toldMs.set(what, nowMs);
        this.tell(what, expiresMs, leftMs);
      }
    }
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
  }

  private tell(what: CertificateStatus['what'], expiresMs: number, leftMs: number): void {
    const whose = what === 'authority' ? "the authority's certificate" : `the ${what} certificate`;
    const until = new Date(expiresMs).toISOString();
    const ends = leftMs <= 0 ? 'has expired on' : 'expires on';
    this.report(`${whose} ${ends} ${until}: renew it with "quorate cert renew"`, {
      event: 'certificate-expires',
      level: leftMs <= 0 ? 'error' : 'warn',
      fields: { certificate: what, expires: until, leftDays: Math.floor(leftMs / DAY_MS) },
    });
  }
}
