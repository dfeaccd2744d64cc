import { permitsFile } from '../../../site/access/rights.js';
import { requestBody } from '../../http-body.js';
import { readAnnouncedDigests } from '../body/announced-digests.js';
import { BodyRefused } from '../body/chunked-body.js';
import { tagsField, etagOf, FIELD } from '../object-fields.js';
import { readObjectMetadata } from '../object-metadata.js';
import { type PostForm, readPostForm } from '../post-object/post-form.js';
import type { SizeRange } from '../post-object/post-policy.js';
import {
  fileOfSize,
  postAnswer,
  type PostRequest,
  readPostRequest,
} from '../post-object/post-request.js';
import { PostAuthenticator } from '../post-object/post-signature.js';
import { secretsOf } from '../key-secrets.js';
import { keyFault } from '../resource.js';
import type { S3Result } from '../s3-answer.js';
import type { S3Failure } from '../s3-error.js';
import { denied, readRefused, type S3Request } from '../s3-request.js';
import { uriEncode } from '../signature/uri-encoding.js';
import { OBJECT_TAG_LIMIT } from '../tags.js';
import { refuseUnsupportedHeaders } from '../unsupported-headers.js';
import { OWNER_ID } from '../owner.js';
import { readTagging } from '../xml/tagging.js';
import { type ReceivedBody, storeBody } from './object-body.js';
import { bodyFields } from './put-object.js';
import { writeObject } from './write-object.js';

/** POST of a form by a browser: its file becomes an object, if its policy is good. */
export async function postObject(request: S3Request): Promise<S3Result> {
  const { headers } = request.request;
  const body = requestBody(request, undefined);
  const form = await readPostForm(body, headers['content-type'] ?? '');
  if (!form.ok) return form;
  const result = await takeForm(request, form);
  // A file that nobody read must not hold up the connection.
  if (!result.ok) form.discard();
  return result;
}

async function takeForm(request: S3Request, form: PostForm): Promise<S3Result> {
  const { service, bucket } = request;
  const asked = readPostRequest(form, bucket);
  if (!asked.ok) return asked;
  const fault = keyFault(asked.key) ?? refuseUnsupportedHeaders(asked.headers, OWNER_ID);
  if (fault !== null) return fault;
  const authenticator = new PostAuthenticator(secretsOf(service));
  const signer = await authenticator.authenticate(asked.fields, Date.now());
  if (!signer.ok) return signer;
  // Nobody may write without a key, whoever may read.
  if (signer.accessKeyId === null) return denied();
  const found = await service.keys.find(signer.accessKeyId);
  if (!found.ok) return readRefused(found);
  if (!permitsFile(found.key?.rights ?? [], bucket, asked.key, 'write')) return denied();
  const state = await service.bucket(bucket);
  if (!state.ok) return readRefused(state);
  const metadata = fieldsOf(asked);
  if (!metadata.ok) return metadata;
  const received = await receiveFile(request, form, asked, signer.sizeRange);
  if (!received.ok) return received;
  const written = await writeObject({ service, key: asked.key }, state, received.content, {
    ...metadata.fields,
    ...bodyFields(received),
  });
  if (!written.ok) return written;
  const location = `${request.origin}/${bucket}/${asked.key.split('/').map(uriEncode).join('/')}`;
  const object = { bucket, key: asked.key, etag: etagOf(written.file) };
  const answer = postAnswer(asked.fields, object, location);
  const { status, headers, document } = answer;
  return { ok: true, status, headers: [...headers], body: document };
}

function fieldsOf({
  headers,
  tagging,
}: PostRequest): { readonly ok: true; readonly fields: Record<string, string> } | S3Failure {
  const read = readObjectMetadata(headers);
  if (!read.ok) return read;
  if (tagging === undefined) return { ok: true, fields: { ...read.metadata } };
  const tags = readTagging(Buffer.from(tagging), OBJECT_TAG_LIMIT);
  if (!tags.ok) return tags;
  return { ok: true, fields: { ...read.metadata, [FIELD.tags]: tagsField(tags.tags) } };
}

async function receiveFile(
  request: S3Request,
  form: PostForm,
  asked: PostRequest,
  range: SizeRange | null,
): Promise<ReceivedBody | S3Failure> {
  const announced = readAnnouncedDigests(asked.headers, { kind: 'unsigned' });
  if (!announced.ok) return announced;
  let refused: S3Failure | null = null;
  const file = async function* (): AsyncIterable<Uint8Array> {
    try {
      yield* fileOfSize(form.file, range);
    } catch (error) {
      if (error instanceof BodyRefused) refused = error.failure;
      throw error;
    }
  };
  const stored = await storeBody(request, file(), undefined, announced, null);
  return refused ?? stored;
}
