import type { BucketSettings } from '../../../site/bucket-settings.js';
import type { BucketState } from '../../../site/object-service.js';
import { headerValue } from '../request-headers.js';
import { emptyAnswer, type S3Result, xmlAnswer } from '../s3-answer.js';
import { type S3ErrorCode, type S3Failure, s3Failure } from '../s3-error.js';
import { openBucket, type S3Request, writeRefused } from '../s3-request.js';
import { BUCKET_TAG_LIMIT } from '../tags.js';
import {
  CORS_LIMIT_BYTES,
  readCorsConfiguration,
  writeCorsConfiguration,
} from '../xml/cors-configuration.js';
import { readTagging, TAGGING_LIMIT_BYTES, writeTagging } from '../xml/tagging.js';
import {
  readVersioningConfiguration,
  VERSIONING_LIMIT_BYTES,
  type VersioningStatus,
  writeVersioningConfiguration,
} from '../xml/versioning-configuration.js';
import { XmlWriter } from '../xml/xml-writer.js';
import { aclDocument } from './acl.js';
import { receiveDocument } from './document-body.js';

/** One thing that can be asked or set of a bucket, by the name in the query. */
interface Setting {
  readonly read: (bucket: BucketState) => S3Result;
  readonly write?: {
    readonly limitBytes: number;
    /** The settings after it. */
    readonly change: (
      settings: BucketSettings,
      body: Uint8Array,
      request: S3Request,
    ) => BucketSettings | S3Failure;
  };
  /** The settings without it. */
  readonly remove?: (settings: BucketSettings) => BucketSettings;
}

const STATUS: Readonly<Record<BucketSettings['versioning'], VersioningStatus | undefined>> = {
  off: undefined,
  enabled: 'Enabled',
  suspended: 'Suspended',
};

/** Asked for by clients, always in the state of a bucket for which nobody said anything. */
const never = (code: S3ErrorCode): Setting => ({ read: () => s3Failure(code) });
const plain = (root: string): Setting => ({ read: () => xmlAnswer(new XmlWriter(root).end()) });

const ACL_LIMIT_BYTES = 64 * 1024;

const SETTINGS: Readonly<Record<string, Setting>> = {
  location: {
    // An empty constraint is how S3 names the region us-east-1.
    read: () => xmlAnswer(new XmlWriter('LocationConstraint').end()),
  },
  versioning: {
    read: ({ settings }) => xmlAnswer(writeVersioningConfiguration(STATUS[settings.versioning])),
    write: {
      limitBytes: VERSIONING_LIMIT_BYTES,
      change: (settings, body) => {
        const read = readVersioningConfiguration(body);
        if (!read.ok) return read;
        return {
          ...settings,
          versioning: read.status === 'Enabled' ? 'enabled' : 'suspended',
          // Versions that somebody asked to keep are not dropped for their age.
          retention: { days: null, versions: null },
        };
      },
    },
  },
  cors: {
    read: ({ settings }) =>
      settings.cors.length === 0
        ? s3Failure('NoSuchCORSConfiguration')
        : xmlAnswer(writeCorsConfiguration(settings.cors)),
    write: {
      limitBytes: CORS_LIMIT_BYTES,
      change: (settings, body) => {
        const read = readCorsConfiguration(body);
        return read.ok ? { ...settings, cors: read.rules } : read;
      },
    },
    remove: (settings) => ({ ...settings, cors: [] }),
  },
  tagging: {
    read: ({ settings }) => {
      const tags = Object.entries(settings.tags).map(([key, value]) => ({ key, value }));
      return tags.length === 0 ? s3Failure('NoSuchTagSet') : xmlAnswer(writeTagging(tags));
    },
    write: {
      limitBytes: TAGGING_LIMIT_BYTES,
      change: (settings, body) => {
        const read = readTagging(body, BUCKET_TAG_LIMIT);
        if (!read.ok) return read;
        const tags = Object.fromEntries(read.tags.map(({ key, value }) => [key, value]));
        return { ...settings, tags };
      },
    },
    remove: (settings) => ({ ...settings, tags: {} }),
  },
  acl: {
    read: ({ settings }) => xmlAnswer(aclDocument(settings.anonymousRead)),
    write: {
      limitBytes: ACL_LIMIT_BYTES,
      change: (settings, body, request) => {
        if (body.length > 0) {
          return s3Failure('NotImplemented', 'Access control lists are not there: use x-amz-acl.');
        }
        const acl = headerValue(request.headers, 'x-amz-acl');
        if (acl !== 'private' && acl !== 'public-read') {
          return s3Failure('NotImplemented', 'Only the ACLs private and public-read are there.');
        }
        return { ...settings, anonymousRead: acl === 'public-read' };
      },
    },
  },
  requestPayment: {
    read: () =>
      xmlAnswer(new XmlWriter('RequestPaymentConfiguration').element('Payer', 'BucketOwner').end()),
  },
  logging: plain('BucketLoggingStatus'),
  notification: plain('NotificationConfiguration'),
  accelerate: plain('AccelerateConfiguration'),
  policy: never('NoSuchBucketPolicy'),
  lifecycle: never('NoSuchLifecycleConfiguration'),
  website: never('NoSuchWebsiteConfiguration'),
  encryption: never('ServerSideEncryptionConfigurationNotFoundError'),
  'object-lock': never('ObjectLockConfigurationNotFoundError'),
  ownershipControls: never('OwnershipControlsNotFoundError'),
};

const CHANGE_ATTEMPTS = 5;

/** Carries out a request about a setting of the bucket; null when it is about something else. */
export function bucketSetting(request: S3Request): (() => Promise<S3Result>) | null {
  const name = Object.keys(SETTINGS).find((each) => request.query.has(each));
  if (name === undefined) return null;
  const setting = SETTINGS[name]!;
  switch (request.method) {
    case 'GET':
      return () => readSetting(request, setting);
    case 'PUT':
      return () => writeSetting(request, setting);
    case 'DELETE':
      return () => removeSetting(request, setting);
    default:
      return () => Promise.resolve(s3Failure('MethodNotAllowed'));
  }
}

async function readSetting(request: S3Request, setting: Setting): Promise<S3Result> {
  const bucket = await openBucket(request, 'read');
  return bucket.ok ? setting.read(bucket) : bucket;
}

async function writeSetting(request: S3Request, { write }: Setting): Promise<S3Result> {
  if (write === undefined) return s3Failure('NotImplemented');
  const bucket = await openBucket(request, 'owner');
  if (!bucket.ok) return bucket;
  const body = await receiveDocument(request, write.limitBytes);
  if ('ok' in body) return body;
  return change(request, (settings) => write.change(settings, body, request), 200);
}

async function removeSetting(request: S3Request, { remove }: Setting): Promise<S3Result> {
  if (remove === undefined) return s3Failure('NotImplemented');
  const bucket = await openBucket(request, 'owner');
  return bucket.ok ? change(request, remove, 204) : bucket;
}

/** Changes the settings as they are now, however often somebody else does so in between. */
async function change(
  { service, bucket }: S3Request,
  next: (settings: BucketSettings) => BucketSettings | S3Failure,
  status: 200 | 204,
): Promise<S3Result> {
  for (let attempt = 1; ; attempt += 1) {
    const state = await service.bucket(bucket, 'validate');
    if (!state.ok) return s3Failure('NoSuchBucket');
    const changed = next({ ...state.settings, createdMs: state.createdMs });
    if ('ok' in changed) return changed;
    const outcome = await service.setBucket(bucket, changed, state.version);
    if (outcome.outcome === 'committed') return emptyAnswer(status);
    const isOvertaken = outcome.outcome === 'rejected' && outcome.reason === 'precondition_failed';
    if (!isOvertaken) return writeRefused(outcome);
    if (attempt === CHANGE_ATTEMPTS) return s3Failure('OperationAborted');
  }
}
