import type { CredentialSource } from '../../certificates/credential-watch.js';
import { EXPIRES_SOON_MS, expiriesOf } from '../../certificates/expiry.js';
import type { CertificateName, CertificateStatus } from '../status-types.js';
import type { Report } from './site-log.js';

const LOOK_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Who shows a certificate, or to whom. */
type Holder = 'site' | 'client' | 'coordinator';

/** Knows when the certificates in use end, and tells operators of it in time, once a day. */
export class ExpiryWatch {
  private readonly certificates = new Map<Holder, readonly CertificateStatus[]>();
  private readonly toldMs = new Map<string, number>();
  private timer: NodeJS.Timeout | null = null;

  constructor(
    private readonly report: Report,
    private readonly nowMs: () => number = Date.now,
  ) {}

  /** From now on these are watched, those that replace them too. */
  add(whose: Holder, source: CredentialSource): void {
    const take = (): void => {
      const expiries = expiriesOf(source.current).map(({ of, atMs }) => {
        return { what: of === 'authority' ? authorityOf(whose) : whose, expiresMs: atMs };
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
    const whose = certificateText(what);
    const until = new Date(expiresMs).toISOString();
    const ends = leftMs <= 0 ? 'has expired on' : 'expires on';
    const renewal = what.startsWith('coordinator')
      ? 'put a new one in its place'
      : 'renew it with "quorate cert renew"';
    this.report(`the ${whose} ${ends} ${until}: ${renewal}`, {
      event: 'certificate-expires',
      level: leftMs <= 0 ? 'error' : 'warn',
      fields: { certificate: what, expires: until, leftDays: Math.floor(leftMs / DAY_MS) },
    });
  }
}

function authorityOf(whose: Holder): CertificateName {
  return whose === 'coordinator' ? 'coordinator-authority' : 'authority';
}

function certificateText(what: CertificateName): string {
  switch (what) {
    case 'authority':
      return "authority's certificate";
    case 'coordinator-authority':
      return "certificate of the coordinator's authority";
    case 'coordinator':
      return 'certificate for the coordinator';
    default:
      return `${what} certificate`;
  }
}
