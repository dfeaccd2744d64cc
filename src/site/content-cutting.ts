import { ContentHasher, contentHash } from '../storage/content-hash.js';
import { findCut, sizesAt } from './content-cutter.js';
import { ContentDigests } from './content-digests.js';
import type { DigestName, Digests } from './site-context.js';

/*
 * What is done to content away from the thread that talks to the network: cutting it, and hashing
 * it. Questions and answers, so that it can be another thread that answers.
 */

export type CuttingQuestion =
  | { readonly kind: 'begin'; readonly body: number; readonly digests: readonly DigestName[] }
  | {
      /** The chunk so far: does it end within its bytes? If so they go into the body's hashes. */
      readonly kind: 'advance';
      readonly body: number;
      readonly bytes: Uint8Array;
      /** Lengths up to this were tried. */
      readonly fromBytes: number;
      /** Where in the content the chunk begins; decides its sizes. */
      readonly positionBytes: number;
      /** The body ends with these bytes, and so does the chunk if no cut falls within them. */
      readonly isEnd: boolean;
    }
  | { readonly kind: 'end'; readonly body: number }
  /** Forgets a body. */
  | { readonly kind: 'drop'; readonly body: number };

export interface Cut {
  /** 0 if there is none; else the length of the chunk, and its hash. */
  readonly cutBytes: number;
  readonly hash: string;
}

export interface BodyHashes {
  readonly etag: string;
  readonly digests: Digests;
}

export type CuttingAnswer = Cut | BodyHashes | null;

interface Body {
  readonly hasher: ContentHasher;
  readonly digests: ContentDigests;
}

/** Answers one question after the other, and remembers the hashes of bodies under way. */
export class ContentCutting {
  private readonly bodies = new Map<number, Body>();

  answer(question: CuttingQuestion): CuttingAnswer {
    switch (question.kind) {
      case 'begin': {
        const digests = new ContentDigests(question.digests);
        this.bodies.set(question.body, { hasher: new ContentHasher(), digests });
        return null;
      }
      case 'advance':
        return this.advance(question);
      case 'end': {
        const { hasher, digests } = this.bodyOf(question.body);
        this.bodies.delete(question.body);
        return { etag: hasher.digest(), digests: digests.results() };
      }
      case 'drop':
        this.bodies.delete(question.body);
        return null;
    }
  }

  private advance(question: CuttingQuestion & { readonly kind: 'advance' }): Cut {
    const { bytes, fromBytes, positionBytes, isEnd } = question;
    const found = findCut(bytes, fromBytes, sizesAt(positionBytes));
    const cutBytes = found === 0 && isEnd ? bytes.length : found;
    if (cutBytes === 0) return { cutBytes, hash: '' };
    const chunk = bytes.subarray(0, cutBytes);
    const { hasher, digests } = this.bodyOf(question.body);
    hasher.update(chunk);
    digests.update(chunk);
    return { cutBytes, hash: contentHash(chunk) };
  }

  private bodyOf(number: number): Body {
    const body = this.bodies.get(number);
    if (body === undefined) throw new Error(`no body ${number} is under way`);
    return body;
  }
}
