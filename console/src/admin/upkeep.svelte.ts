import { call, isFields } from '../api/http.ts';

const VERIFY_LIMIT_MS = 600_000;
const POLL_MS = 1000;

export interface Scrub {
  readonly running: boolean;
  readonly damaged: number;
  readonly missing: number;
  readonly repaired: number;
  readonly findings: readonly string[];
}

function readScrub(value: unknown): Scrub | null {
  if (!isFields(value) || !isFields(value.scrub)) return null;
  const { startedMs, endedMs, damaged, missing, repaired, findings } = value.scrub;
  return {
    running: typeof startedMs === 'number' && endedMs === null,
    damaged: Number(damaged),
    missing: Number(missing),
    repaired: Number(repaired),
    findings: Array.isArray(findings) ? findings.map(String) : [],
  };
}

export interface Verified {
  readonly equal: boolean;
  /** A sentence for everything that differs or could not be compared. */
  readonly differences: readonly string[];
}

function readVerified(value: unknown): Verified | null {
  if (!isFields(value) || !Array.isArray(value.views) || !Array.isArray(value.chunks)) return null;
  const views = value.views.filter(isFields).flatMap(({ shard, site, reason, differences }) => {
    if (typeof reason === 'string' && reason !== '')
      return [`${String(site)}, files of ${String(shard)}: ${reason}`];
    const count = Array.isArray(differences) ? differences.length : 0;
    return count === 0
      ? []
      : [`${String(site)}, files of ${String(shard)}: ${count} records differ`];
  });
  const chunks = value.chunks.filter(isFields).flatMap(({ shard, site, lacking }) => {
    const count = Array.isArray(lacking) ? lacking.length : 0;
    return count === 0
      ? []
      : [`${String(site)}, files of ${String(shard)}: ${count} pieces of content lack`];
  });
  return { equal: value.equal === true, differences: [...views, ...chunks] };
}

/** Looking after what is kept: whether it can still be read, and whether all sites are the same. */
export class UpkeepState {
  scrub = $state.raw<Scrub | null>(null);
  verified = $state.raw<Verified | null>(null);
  verifying = $state(false);
  fault = $state<string | null>(null);

  constructor() {
    void this.look('GET', '/v1/upkeep');
  }

  startScrub(): Promise<void> {
    return this.look('POST', '/v1/upkeep/scrub');
  }

  async verify(): Promise<void> {
    this.verifying = true;
    const answer = await call('GET', '/v1/verify', readVerified, undefined, VERIFY_LIMIT_MS);
    this.verifying = false;
    if (answer.ok) this.verified = answer.value;
    this.fault = answer.ok ? null : answer.message;
  }

  private async look(method: string, path: string): Promise<void> {
    const answer = await call(method, path, readScrub);
    if (answer.ok) this.scrub = answer.value;
    this.fault = answer.ok ? null : answer.message;
    if (answer.ok && answer.value.running)
      setTimeout(() => void this.look('GET', '/v1/upkeep'), POLL_MS);
  }
}
