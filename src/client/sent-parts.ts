/** A stretch of the content, `end` exclusive; parts count from 1. */
export interface PartRange {
  readonly part: number;
  readonly start: number;
  readonly end: number;
}

/** A part that is at the sites. */
export interface KnownPart {
  readonly part: number;
  readonly size: number;
  /** In hexadecimal. */
  readonly md5: string;
}

interface Failed {
  readonly ok: false;
}

interface Given<T> {
  readonly ok: true;
  readonly value: T;
}

/** What one file's upload asks of the sites, however that travels. */
export interface PartCalls<F extends Failed> {
  begin(): Promise<Given<string> | F>;
  /** The parts of an upload that are there; null if it is over. */
  known(upload: string): Promise<Given<readonly KnownPart[] | null> | F>;
  /** Null once it is there. */
  send(upload: string, range: PartRange): Promise<F | null>;
  /** Whether these bytes are what is there; asked only where the sizes are equal. */
  isSame(range: PartRange, there: KnownPart): Promise<boolean>;
}

export interface PartPlan {
  /** Of the whole content. */
  readonly sizeBytes: number;
  /** Made larger where there would be more than 10,000 of them. */
  readonly partBytes: number;
  readonly partsAtOnce: number;
  /** An upload that an earlier attempt has begun; one that is over is begun anew. */
  readonly upload?: string | undefined;
  /** Told which upload it is, before anything is sent. */
  readonly onUpload?: ((upload: string) => Promise<void> | void) | undefined;
  /** Told of bytes that are there: sent just now, or found there. */
  readonly onBytes?: ((bytes: number) => void) | undefined;
}

const PARTS_LIMIT = 10_000;

/**
 * Brings every part of some content to the sites that is not there yet, and gives the upload, which
 * is to be completed then. The first failure ends it; what was sent stays sent.
 */
export async function sendParts<F extends Failed>(
  calls: PartCalls<F>,
  plan: PartPlan,
): Promise<Given<string> | F> {
  const opened = await open(calls, plan.upload);
  if (!opened.ok) return opened;
  const { upload, known } = opened.value;
  await plan.onUpload?.(upload);
  const byNumber = new Map(known.map((part) => [part.part, part]));
  const ranges = rangesOf(plan);
  let failure: F | null = null;
  const lane = async (): Promise<void> => {
    for (const range of ranges) {
      const there = byNumber.get(range.part);
      const isSize = there?.size === range.end - range.start;
      const isThere = there !== undefined && isSize && (await calls.isSame(range, there));
      const failed = isThere ? null : await calls.send(upload, range);
      failure ??= failed;
      if (failed === null) plan.onBytes?.(range.end - range.start);
      if (failure !== null) return;
    }
  };
  await Promise.all(Array.from({ length: plan.partsAtOnce }, lane));
  return failure ?? { ok: true, value: upload };
}

/** Each range once, whoever asks for the next. */
function rangesOf({ sizeBytes, partBytes }: PartPlan): IterableIterator<PartRange> {
  const bytes = Math.max(partBytes, Math.ceil(sizeBytes / PARTS_LIMIT));
  const count = Math.max(1, Math.ceil(sizeBytes / bytes));
  let part = 0;
  return {
    [Symbol.iterator]() {
      return this;
    },
    next() {
      part += 1;
      if (part > count) return { done: true, value: undefined };
      const start = (part - 1) * bytes;
      return { done: false, value: { part, start, end: Math.min(sizeBytes, start + bytes) } };
    },
  };
}

async function open<F extends Failed>(
  calls: PartCalls<F>,
  upload: string | undefined,
): Promise<Given<{ readonly upload: string; readonly known: readonly KnownPart[] }> | F> {
  if (upload !== undefined) {
    const known = await calls.known(upload);
    if (!known.ok) return known;
    if (known.value !== null) return { ok: true, value: { upload, known: known.value } };
  }
  const begun = await calls.begin();
  return begun.ok ? { ok: true, value: { upload: begun.value, known: [] } } : begun;
}
