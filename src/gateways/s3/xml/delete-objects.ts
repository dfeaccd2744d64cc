import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import type { XmlElement } from './xml-reader.js';
import { malformedXml } from './xml-reader.js';
import { readChildren, readRoot } from './xml-shape.js';

export const DELETE_LIMIT_OBJECTS = 1000;
export const DELETE_LIMIT_BYTES = 4 * 1024 * 1024;

export interface ObjectToDelete {
  readonly key: string;
  readonly versionId?: string;
  /** Delete only if it has this entity tag, without quotes; `*`: if it exists. */
  readonly etag?: string;
}

export type DeleteObjects =
  | {
      readonly ok: true;
      readonly objects: readonly ObjectToDelete[];
      /** Answer with errors only. */
      readonly quiet: boolean;
    }
  | S3Failure;

/** The body of DeleteObjects: 1 to 1,000 objects. */
export function readDeleteObjects(bytes: Uint8Array): DeleteObjects {
  const document = readRoot(bytes, 'Delete');
  if (!document.ok) return document;
  const children = readChildren(document.root, { Object: 'many', Quiet: 'optional' });
  if (!children.ok) return children;
  const quiet = (children.text('Quiet') ?? 'false').trim().toLowerCase();
  if (quiet !== 'true' && quiet !== 'false') return malformedXml('Quiet is not true or false');
  const elements = children.all('Object');
  if (elements.length === 0 || elements.length > DELETE_LIMIT_OBJECTS) {
    return malformedXml(`there have to be 1 to ${DELETE_LIMIT_OBJECTS} objects`);
  }
  const objects: ObjectToDelete[] = [];
  for (const element of elements) {
    const read = readObject(element);
    if (!read.ok) return read;
    objects.push(read.object);
  }
  return { ok: true, objects, quiet: quiet === 'true' };
}

function readObject(
  element: XmlElement,
): { readonly ok: true; readonly object: ObjectToDelete } | S3Failure {
  const children = readChildren(element, {
    Key: 'one',
    VersionId: 'optional',
    ETag: 'optional',
    LastModifiedTime: 'optional',
    Size: 'optional',
  });
  if (!children.ok) return children;
  if (children.first('LastModifiedTime') || children.first('Size')) {
    return s3Failure('NotImplemented', 'Deletes cannot depend on LastModifiedTime or Size');
  }
  const key = children.text('Key')!;
  if (key === '') return malformedXml('a Key is empty');
  const versionId = children.text('VersionId');
  const etag = children.text('ETag');
  return {
    ok: true,
    object: {
      key,
      ...(versionId !== undefined && { versionId }),
      ...(etag !== undefined && { etag: etag.trim().replace(/^"(.*)"$/, '$1') }),
    },
  };
}
