/**
 * What is uploaded: the same bytes whenever they are asked for. A Blob and a File of a browser are
 * such sources as they are; in Node see `fileSource`.
 */
export interface UploadSource {
  /** In bytes. */
  readonly size: number;
  /** Tells this state of the source from others, as a file's time of change does. */
  readonly fingerprint?: string;
  /** From `start` up to `end`, exclusive. A rejection ends the upload as `source_failed`. */
  slice(start: number, end: number): Uint8Array | Blob | Promise<Uint8Array | Blob>;
}

/** To be thrown by a source which notices that it is not what it was: `source_changed`. */
export class SourceChanged extends Error {
  override readonly name = 'SourceChanged';
}

export type ReadSource =
  | { readonly ok: true; readonly value: Uint8Array<ArrayBuffer> }
  | {
      readonly ok: false;
      readonly reason: 'source_changed' | 'source_failed';
      readonly message: string;
    };

const FINGERPRINT_LIMIT_CHARACTERS = 256;

/**
 * A source with a fingerprint: the one that is given, else its own, else ''. Throws TypeError for
 * what is no source.
 */
export function sourceOf(
  given: Uint8Array | UploadSource,
  told: string | undefined,
): Required<UploadSource> {
  const source = given instanceof Uint8Array ? bytesSource(given) : given;
  const { size, slice } = source;
  if (!Number.isSafeInteger(size) || size < 0 || typeof slice !== 'function') {
    throw new TypeError('an upload takes a Blob, a Uint8Array, or { size, slice }');
  }
  const fingerprint = told ?? source.fingerprint ?? ownFingerprint(source);
  if (typeof fingerprint !== 'string' || fingerprint.length > FINGERPRINT_LIMIT_CHARACTERS) {
    throw new TypeError(`a fingerprint has at most ${FINGERPRINT_LIMIT_CHARACTERS} characters`);
  }
  return { size, fingerprint, slice: (start, end) => source.slice(start, end) };
}

function bytesSource(bytes: Uint8Array): UploadSource {
  return { size: bytes.length, slice: (start, end) => bytes.subarray(start, end) };
}

/** A part in memory, of exactly the length that was asked for. */
export async function readSource(
  source: UploadSource,
  start: number,
  end: number,
): Promise<ReadSource> {
  try {
    const slice = await source.slice(start, end);
    const value = new Uint8Array(slice instanceof Blob ? await slice.arrayBuffer() : slice);
    if (value.length === end - start) return { ok: true, value };
    const message = `the source gave ${value.length} bytes from ${start} to ${end}`;
    return { ok: false, reason: 'source_changed', message };
  } catch (error) {
    const reason = error instanceof SourceChanged ? 'source_changed' : 'source_failed';
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, reason, message };
  }
}

/** Of a browser's File. */
function ownFingerprint(source: UploadSource): string {
  return 'lastModified' in source ? String(source.lastModified) : '';
}
