import type { S3Failure } from '../s3-error.js';
import { s3Failure } from '../s3-error.js';
import { malformedXml } from './xml-reader.js';
import { readChildren, readRoot } from './xml-shape.js';
import { XmlWriter } from './xml-writer.js';

export type VersioningStatus = 'Enabled' | 'Suspended';

export type Versioning = { readonly ok: true; readonly status: VersioningStatus } | S3Failure;

export const VERSIONING_LIMIT_BYTES = 1024;

/** The body of PutBucketVersioning. */
export function readVersioningConfiguration(bytes: Uint8Array): Versioning {
  const document = readRoot(bytes, 'VersioningConfiguration');
  if (!document.ok) return document;
  const children = readChildren(document.root, { Status: 'optional', MfaDelete: 'optional' });
  if (!children.ok) return children;
  const mfaDelete = (children.text('MfaDelete') ?? 'Disabled').trim();
  if (mfaDelete !== 'Disabled' && mfaDelete !== 'Enabled') {
    return malformedXml('MfaDelete is not Enabled or Disabled');
  }
  if (mfaDelete === 'Enabled') return s3Failure('NotImplemented', 'MFA delete is not implemented');
  const status = children.text('Status')?.trim();
  if (status === undefined) return s3Failure('IllegalVersioningConfigurationException');
  if (status !== 'Enabled' && status !== 'Suspended') {
    return malformedXml('Status is not Enabled or Suspended');
  }
  return { ok: true, status };
}

/** `undefined`: the bucket has never been versioned. */
export function writeVersioningConfiguration(status: VersioningStatus | undefined): string {
  return new XmlWriter('VersioningConfiguration').optional('Status', status).end();
}
