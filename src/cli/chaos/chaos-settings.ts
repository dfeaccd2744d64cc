import { UsageError } from '../exit-code.js';
import type { CoordinatorKind } from './coordinators.js';
import { type FaultGroup, GROUPS } from './fault.js';

/** What was said on the command line, unread. */
export interface ChaosOptions {
  readonly minutes: string;
  readonly seed?: string;
  readonly only?: string;
  readonly plan?: boolean;
  readonly keep?: boolean;
  readonly json?: boolean;
  readonly data?: string;
  readonly coordinator: string;
  readonly basePort: string;
}

export interface ChaosSettings {
  readonly durationMs: number;
  readonly seed: number;
  readonly groups: readonly FaultGroup[];
  readonly coordinator: CoordinatorKind;
}

const MINUTES_LIMIT = 24 * 60;
const SEED_LIMIT = 2 ** 32;

/** Throws a UsageError that says what is wrong. `drawSeed` is asked where none is given. */
export function readSettings(options: ChaosOptions, drawSeed: () => number): ChaosSettings {
  const minutes = Number(options.minutes);
  if (!(minutes > 0 && minutes <= MINUTES_LIMIT)) {
    throw new UsageError(
      `--minutes is more than 0 and up to ${MINUTES_LIMIT}, not ${options.minutes}`,
    );
  }
  const { seed: text } = options;
  const seed = text === undefined ? drawSeed() : Number(text);
  if (text !== undefined && !(/^\d{1,10}$/.test(text) && seed < SEED_LIMIT)) {
    throw new UsageError(`--seed is a whole number below ${SEED_LIMIT}, not ${text}`);
  }
  const { coordinator } = options;
  if (coordinator !== 'embedded' && coordinator !== 'etcd') {
    throw new UsageError(`--coordinator is embedded or etcd, not ${coordinator}`);
  }
  return { durationMs: minutes * 60_000, seed, groups: readGroups(options.only), coordinator };
}

function readGroups(only: string | undefined): readonly FaultGroup[] {
  if (only === undefined) return GROUPS;
  if (only === 'none') return [];
  const asked = only.split(',');
  const unknown = asked.find((each) => !GROUPS.some((group) => group === each));
  if (unknown !== undefined) {
    throw new UsageError(`--only knows ${GROUPS.join(', ')} and none, not ${unknown}`);
  }
  return GROUPS.filter((group) => asked.includes(group));
}
