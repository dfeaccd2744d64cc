import { availableParallelism } from 'node:os';
import {
  FAULT_KINDS,
  type FaultKind,
  type OptionValue,
  drawOptions,
} from '../../simulator/options.js';
import type { SeedSettings } from '../../simulator/batch/seed-run.js';
import { UsageError } from '../exit-code.js';

/** What was said on the command line, unread. */
export interface SimOptions {
  readonly seed?: string;
  readonly seeds?: string;
  readonly minutes?: string;
  readonly sites?: string;
  readonly only?: string;
  readonly set?: readonly string[];
  readonly trace?: string;
  readonly jobs?: string;
  readonly mutants?: boolean | string;
  readonly explore?: boolean | string;
  readonly json?: boolean;
}

export interface BatchSettings {
  readonly from: number;
  readonly count: number;
  /** One seed was asked for by name. */
  readonly isSingle: boolean;
  readonly limitMs: number;
  readonly jobs: number;
  readonly settings: SeedSettings;
}

const SEED_LIMIT = 2 ** 40;
const DEFAULT_SEEDS = 100;
const MOST_SITES = 7;
/** Fewer seeds than this are not worth starting processes for. */
const LEAST_SEEDS_PER_JOB = 10;

function wholeNumber(label: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new UsageError(`--${label} takes a whole number from ${least} to ${most}, not ${text}`);
}

/** Throws a `UsageError` that says what is wrong. */
export function readSettings(options: SimOptions): BatchSettings {
  const { seed, seeds, minutes } = options;
  if (seeds !== undefined && minutes !== undefined) {
    throw new UsageError('--seeds and --minutes exclude each other');
  }
  const from = seed === undefined ? 1 : wholeNumber('seed', seed, 0, SEED_LIMIT);
  const isSingle = seed !== undefined && seeds === undefined && minutes === undefined;
  const limitMs = minutes === undefined ? Infinity : readMinutes(minutes) * 60_000;
  const most = minutes === undefined ? DEFAULT_SEEDS : 1_000_000_000;
  const asked = seeds === undefined ? most : wholeNumber('seeds', seeds, 1, 1_000_000_000);
  const count = isSingle ? 1 : asked;
  const wanted = readJobs(options.jobs);
  const jobs = Math.max(1, Math.min(wanted, Math.floor(count / LEAST_SEEDS_PER_JOB)));
  return { from, count, isSingle, limitMs, jobs, settings: readMix(options) };
}

/** How many processes to run at a time: one per core, four at most, where nothing is said. */
export function readJobs(jobs: string | undefined): number {
  if (jobs === undefined) return Math.min(4, availableParallelism());
  return wholeNumber('jobs', jobs, 1, 256);
}

function readMinutes(text: string): number {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0 && value <= 100_000) return value;
  throw new UsageError(`--minutes takes a number above 0, not ${text}`);
}

function readMix({ sites, only, set = [] }: SimOptions): SeedSettings {
  const count = sites === undefined ? undefined : wholeNumber('sites', sites, 3, MOST_SITES);
  const kinds = only === undefined ? undefined : readKinds(only);
  const settings: SeedSettings = {
    ...(count === undefined ? {} : { sites: count }),
    ...(kinds === undefined ? {} : { only: kinds }),
    ...(set.length === 0 ? {} : { set: Object.fromEntries(set.map(readPin)) }),
  };
  try {
    drawOptions(0, settings);
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  return settings;
}

function readPin(text: string): [string, OptionValue] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--set takes option=value, not ${text}`);
  const value = text.slice(at + 1);
  const known = value === 'true' || value === 'false' ? value === 'true' : Number(value);
  return [text.slice(0, at), Number.isNaN(known) ? value : known];
}

function readKinds(text: string): FaultKind[] {
  if (text === 'none') return [];
  return text.split(',').map((word) => {
    const kind = FAULT_KINDS.find((each) => each === word.trim());
    if (kind !== undefined) return kind;
    throw new UsageError(`--only knows ${FAULT_KINDS.join(', ')} and none, not ${word}`);
  });
}
