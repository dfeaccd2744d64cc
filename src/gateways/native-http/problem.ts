import type { ReadFailure, RejectReason, WriteOutcome } from '../../site/file-service.js';

type UnknownReason = Extract<WriteOutcome, { outcome: 'unknown' }>['reason'];

/** Every `code` of an answer that is not a success. Stable: clients may test for them. */
export type ProblemCode =
  | RejectReason
  | ReadFailure['reason']
  | UnknownReason
  | 'malformed_request'
  | 'malformed_range'
  | 'range_not_satisfiable'
  | 'malformed_precondition'
  | 'unsupported_precondition'
  | 'invalid_header'
  | 'unknown_parameter'
  | 'invalid_parameter'
  | 'missing_parameter'
  | 'malformed_json'
  | 'method_not_allowed'
  | 'no_such_route'
  | 'no_such_key'
  | 'no_such_upload'
  | 'upload_incomplete'
  | 'no_such_share'
  | 'too_many_shares'
  | 'too_many_attempts'
  | 'password_required'
  | 'no_seal'
  | 'invalid_right'
  | 'not_offered'
  | 'fault_refused'
  | 'cross_origin'
  | 'key_required'
  | 'invalid_key'
  | 'forbidden'
  | 'headers_too_large'
  | 'request_timeout'
  | 'content_lost'
  | 'site_is_up'
  | 'site_exists'
  | 'site_is_home'
  | 'too_few_sites'
  | 'too_many_sites'
  | 'nothing_to_cancel'
  | 'change_under_way'
  | 'coordinator_unavailable'
  | 'internal';

/** Why a request is answered with a problem instead of what it asked for. */
export interface Refusal {
  readonly ok: false;
  readonly code: ProblemCode;
  /** What is the matter with this very request. */
  readonly detail: string;
}

export function refusal(code: ProblemCode, detail: string): Refusal {
  return { ok: false, code, detail };
}

interface Kind {
  readonly status: number;
  /** A sentence for people that says what to do. */
  readonly title: string;
}

const NAME_HINT = 'Names are /v1/files/<bucket>/<path>, percent-encoded UTF-8.';

/** HTTP status and advice for every code. */
export const PROBLEMS: Readonly<Record<ProblemCode, Kind>> = {
  quorum_unavailable: {
    status: 503,
    title: 'Too few sites can be reached to do this safely. Try again when a site is back.',
  },
  no_primary: {
    status: 503,
    title: 'No site acts for this file just now; another is taking over. Try again in a moment.',
  },
  precondition_failed: {
    status: 412,
    title: 'A condition of the request does not hold. Read the file again and decide anew.',
  },
  no_such_bucket: { status: 404, title: 'There is no such bucket. Create it, or check its name.' },
  bucket_exists: { status: 409, title: 'The bucket exists already. Use it, or choose another.' },
  bucket_not_empty: { status: 409, title: 'The bucket still has files. Delete them first.' },
  no_such_file: {
    status: 404,
    title: 'There is no such file. Check its name, or list the bucket.',
  },
  no_such_version: {
    status: 404,
    title: 'The file has no such version to read. List its history with ?versions.',
  },
  invalid_name: { status: 400, title: `This is not a legal name. ${NAME_HINT}` },
  invalid_since: { status: 400, title: 'Quorate-Since takes what GET /v1/position gave.' },
  too_large: { status: 413, title: 'The body is larger than what is allowed here.' },
  body_incomplete: {
    status: 400,
    title: 'The body did not arrive whole; nothing was stored. Send it again.',
  },
  overloaded: {
    status: 503,
    title: 'The site has as much in flight as it may. Try again in a moment.',
  },
  moving: {
    status: 503,
    title: 'The name is on its way to another primary. Try again in a moment.',
  },
  storage_failed: {
    status: 507,
    title: 'The disk of the site refuses. Use another site, and have the disk looked at.',
  },
  names_have_files: {
    status: 409,
    title: 'Names that have files cannot change their primary. Choose a pattern without files.',
  },
  site_is_up: { status: 409, title: 'Stop the site first, for good: its disks are refused then.' },
  site_exists: { status: 409, title: 'The name is taken, or was used before. Choose another.' },
  site_is_home: {
    status: 409,
    title: 'Files have their home there. Say that they go to the next site: {"rehome": true}.',
  },
  too_few_sites: { status: 409, title: 'Too few sites would be left. Add one first.' },
  too_many_sites: { status: 409, title: 'There are as many sites as there may be.' },
  nothing_to_cancel: { status: 409, title: 'GET /v1/cluster says what is under way.' },
  change_under_way: {
    status: 409,
    title: 'Sites change one at a time. GET /v1/cluster says what is under way.',
  },
  coordinator_unavailable: {
    status: 503,
    title: 'The coordinator does not answer. GET /v1/cluster says whether the change began.',
  },
  unknown_site: { status: 400, title: 'There is no such site. GET /v1/cluster lists them.' },
  site_stopping: { status: 503, title: 'The site is stopping. Use another site.' },
  timeout: {
    status: 504,
    title: 'No answer came in time. A write can be repeated safely under the same Idempotency-Key.',
  },
  primary_lost: {
    status: 504,
    title: 'The primary was lost during the write. Repeat it under the same Idempotency-Key.',
  },
  forgotten: {
    status: 504,
    title: 'The request id is too old to be known. Read the file to see whether it took effect.',
  },
  malformed_request: { status: 400, title: 'This is not a well-formed HTTP request.' },
  malformed_range: {
    status: 400,
    title: 'Range has to be one of bytes=first-last, bytes=first- or bytes=-length.',
  },
  range_not_satisfiable: {
    status: 416,
    title: 'The range lies outside of the file. Content-Range says how long it is.',
  },
  malformed_precondition: {
    status: 400,
    title: 'If-Match and If-None-Match take * or a list of quoted entity tags.',
  },
  unsupported_precondition: {
    status: 400,
    title: 'Writes cannot depend on dates. Use If-Match, If-None-Match or Quorate-If-Version.',
  },
  invalid_header: { status: 400, title: 'A header of the request has a value it may not have.' },
  unknown_parameter: {
    status: 400,
    title: 'The query has a parameter that is not known here. Remove it.',
  },
  invalid_parameter: { status: 400, title: 'A parameter has a value it may not have.' },
  missing_parameter: { status: 400, title: 'A parameter is missing.' },
  malformed_json: { status: 400, title: 'The body is not the JSON that is expected here.' },
  method_not_allowed: {
    status: 405,
    title: 'This method does nothing here. The Allow header lists those that do.',
  },
  no_such_route: {
    status: 404,
    title:
      'There is nothing here. The API is /v1/files, /v1/buckets, /v1/keys, /v1/shares, ' +
      '/v1/primaries, /v1/cluster, /v1/position and /health.',
  },
  no_such_key: { status: 404, title: 'There is no such access key. GET /v1/keys lists them.' },
  no_such_upload: {
    status: 404,
    title: 'There is no such upload; it may be a week old. Begin another.',
  },
  upload_incomplete: {
    status: 409,
    title: 'Parts are missing or too small. GET says which there are; send the others.',
  },
  no_such_share: {
    status: 404,
    title: 'There is no such link, or it is over. Ask whoever shared it for a new one.',
  },
  too_many_shares: { status: 409, title: 'There are as many links as there may be. Revoke some.' },
  too_many_attempts: {
    status: 429,
    title: 'Too many wrong passwords were tried for this link. Try again in a quarter of an hour.',
  },
  password_required: {
    status: 401,
    title: 'The link has a password. Send it as that of basic authentication, for any user.',
  },
  no_seal: {
    status: 501,
    title:
      'The site cannot seal secrets. Set key_file in its configuration, the same at all sites.',
  },
  invalid_right: {
    status: 400,
    title: 'A right is for a bucket, buckets*, bucket/prefix* or bucket/path.',
  },
  fault_refused: { status: 409, title: 'That could not be done to the cluster.' },
  not_offered: { status: 501, title: 'This site does not offer that. Ask another site.' },
  cross_origin: { status: 403, title: 'Pages of other origins may not change anything here.' },
  key_required: {
    status: 401,
    title: 'This needs an access key. Send it as Authorization: Bearer <key id>.<secret>.',
  },
  invalid_key: {
    status: 401,
    title: 'The access key is none that may be used here. Check it, or have a new one made.',
  },
  forbidden: {
    status: 403,
    title: "The access key's rights do not go as far. Ask an administrator for more.",
  },
  headers_too_large: { status: 431, title: 'The headers are longer than 16 KiB. Shorten them.' },
  request_timeout: { status: 408, title: 'The request took too long to arrive. Send it again.' },
  content_lost: {
    status: 503,
    title: 'No site has a good copy of this content just now. Try again when all sites are up.',
  },
  internal: { status: 500, title: 'The site made a mistake; its log says more.' },
};
