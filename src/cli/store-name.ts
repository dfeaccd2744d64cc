import { checkBucketName, checkFileName } from '../site/site-names.js';
import { UsageError } from './exit-code.js';

/** Checks a `bucket/path` from the command line. */
export function storeName(text: string): string {
  const check = checkFileName(text);
  if (!check.ok) throw new UsageError(`"${text}" is no name in the store: ${check.message}`);
  return text;
}

export function bucketName(text: string): string {
  const check = checkBucketName(text);
  if (!check.ok) throw new UsageError(`"${text}" is no bucket: ${check.message}`);
  return text;
}

/** `bucket` or `bucket/prefix`, taken apart. */
export function bucketAndPrefix(text: string): { bucket: string; prefix: string } {
  const slash = text.indexOf('/');
  const bucket = bucketName(slash < 0 ? text : text.slice(0, slash));
  return { bucket, prefix: slash < 0 ? '' : text.slice(slash + 1) };
}

/** The store name for a local file put at `target`: a bucket or a name ending in `/` takes it in. */
export function nameUnder(target: string, fileName: string): string {
  if (!target.includes('/')) return storeName(`${bucketName(target)}/${fileName}`);
  return storeName(target.endsWith('/') ? target + fileName : target);
}

/** What follows the last `/`. */
export function lastSegment(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}

export function versionNumber(text: string): number {
  const value = /^\d{1,15}$/.test(text) ? Number(text) : 0;
  if (value < 1) throw new UsageError(`"${text}" is no version: it has to be 1 or more`);
  return value;
}
