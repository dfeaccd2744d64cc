import type { S3ErrorCode, S3Failure } from './s3-error.js';
import { s3Failure } from './s3-error.js';
import { XmlWriter } from './xml/xml-writer.js';

/*
 * What a bucket does not have here, it does not have: clients that ask for such a configuration
 * (s3cmd for its `info`, Terraform for every bucket) get the answer that S3 gives for a bucket
 * where it was never set. Setting or deleting one is NotImplemented, as is everything else.
 */

const NOT_FOUND: ReadonlyMap<string, S3ErrorCode> = new Map([
  ['encryption', 'ServerSideEncryptionConfigurationNotFoundError'],
  ['lifecycle', 'NoSuchLifecycleConfiguration'],
  ['object-lock', 'ObjectLockConfigurationNotFoundError'],
  ['ownershipControls', 'OwnershipControlsNotFoundError'],
  ['policy', 'NoSuchBucketPolicy'],
  ['publicAccessBlock', 'NoSuchPublicAccessBlockConfiguration'],
  ['replication', 'ReplicationConfigurationNotFoundError'],
  ['tagging', 'NoSuchTagSet'],
  ['website', 'NoSuchWebsiteConfiguration'],
]);

export type AbsentConfiguration = { readonly ok: true; readonly document: string } | S3Failure;

/**
 * The answer to GET of a bucket's subresource that is not implemented, or null when it is none of
 * those with a truthful answer.
 */
export function absentBucketConfiguration(subresource: string): AbsentConfiguration | null {
  const code = NOT_FOUND.get(subresource);
  if (code !== undefined) return s3Failure(code);
  switch (subresource) {
    case 'accelerate':
      return document(new XmlWriter('AccelerateConfiguration'));
    case 'logging':
      return document(new XmlWriter('BucketLoggingStatus'));
    case 'notification':
      return document(new XmlWriter('NotificationConfiguration'));
    case 'requestPayment':
      return document(new XmlWriter('RequestPaymentConfiguration').element('Payer', 'BucketOwner'));
    default:
      return null;
  }
}

function document(xml: XmlWriter): AbsentConfiguration {
  return { ok: true, document: xml.end() };
}

const XSI = { 'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance' };

/**
 * The answer to GET `?acl` of a bucket or an object: its owner may do everything, everybody may
 * read where the bucket says so. Rights of single keys have no form in S3's lists.
 */
export function accessControlList(ownerId: string, everybodyReads: boolean): string {
  const xml = new XmlWriter('AccessControlPolicy');
  xml.open('Owner').element('ID', ownerId).close().open('AccessControlList');
  xml.open('Grant').open('Grantee', { ...XSI, 'xsi:type': 'CanonicalUser' });
  xml.element('ID', ownerId).close().element('Permission', 'FULL_CONTROL').close();
  if (everybodyReads) {
    xml.open('Grant').open('Grantee', { ...XSI, 'xsi:type': 'Group' });
    xml.element('URI', 'http://acs.amazonaws.com/groups/global/AllUsers').close();
    xml.element('Permission', 'READ').close();
  }
  return xml.end();
}
