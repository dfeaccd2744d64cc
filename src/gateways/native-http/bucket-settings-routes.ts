import * as z from 'zod';
import type { BucketSettings } from '../../site/bucket-settings.js';
import type { BucketState, ObjectService } from '../../site/object-service.js';
import { CORS_RULE_LIMIT, corsRuleFault } from '../cors.js';
import type { Exchange } from './exchange.js';
import { sendJson, sendProblem } from './exchange.js';
import { sendReadFailure } from './file-reads.js';
import { readJsonBody } from './json-body.js';
import { refusal } from './problem.js';

/* GET and PATCH of /v1/buckets/<name>: what is set for one bucket. */

const DAYS_LIMIT = 36_500;
const VERSIONS_LIMIT = 1_000_000;

const names = z.array(z.string().max(1024)).max(100);
const CorsRules = z
  .array(
    z
      .strictObject({
        id: z.string().max(255).optional(),
        allowedOrigins: names.min(1),
        allowedMethods: names.min(1),
        allowedHeaders: names.default([]),
        exposeHeaders: names.default([]),
        maxAgeSeconds: z.int().min(0).max(999_999_999).optional(),
      })
      .superRefine((rule, context) => {
        const fault = corsRuleFault(rule);
        if (fault !== null) context.addIssue({ code: 'custom', message: fault.message });
      }),
  )
  .max(CORS_RULE_LIMIT);

const Change = z.strictObject({
  owner: z
    .string()
    .regex(/^(QK[A-Z2-7]{18})?$/, 'an access key id, or "" for nobody')
    .optional(),
  // Once versions had ids of their own there is no way back, only a rest.
  versioning: z.enum(['enabled', 'suspended']).optional(),
  anonymousRead: z.boolean().optional(),
  cors: CorsRules.optional(),
  retention: z
    .strictObject({
      days: z.int().min(1).max(DAYS_LIMIT).nullable().optional(),
      versions: z.int().min(0).max(VERSIONS_LIMIT).nullable().optional(),
    })
    .optional(),
});
type Change = z.infer<typeof Change>;
const CHANGE_EXAMPLE =
  'some of {"versioning": "enabled", "anonymousRead": false, "owner": "", ' +
  '"cors": [{"allowedOrigins": ["https://app.example"], "allowedMethods": ["GET"]}], ' +
  '"retention": {"days": 30, "versions": null}}';
const CHANGE_ATTEMPTS = 5;

export async function answerBucketSettings(
  exchange: Exchange,
  objects: ObjectService,
  bucket: string,
): Promise<void> {
  const state = await objects.bucket(bucket);
  if (!state.ok) return sendReadFailure(exchange, state);
  sendJson(exchange, 200, stateJson(state, state.version));
}

/** Changes what the body names and leaves the rest, also when others change it at the same time. */
export async function changeBucketSettings(
  exchange: Exchange,
  objects: ObjectService,
  bucket: string,
): Promise<void> {
  const read = await readJsonBody(exchange, Change, CHANGE_EXAMPLE);
  if (!read.ok) return sendProblem(exchange, read);
  for (let attempt = 1; ; attempt += 1) {
    const state = await objects.bucket(bucket);
    if (!state.ok) return sendReadFailure(exchange, state);
    const settings = changed(state.settings, read.value);
    const outcome = await objects.setBucket(bucket, settings, state.version);
    if (outcome.outcome === 'committed') {
      return sendJson(exchange, 200, stateJson({ ...state, settings }, outcome.file.version));
    }
    const isOvertaken = outcome.outcome === 'rejected' && outcome.reason === 'precondition_failed';
    if (!isOvertaken || attempt === CHANGE_ATTEMPTS) {
      const problem = refusal(outcome.reason, outcome.message);
      return sendProblem(exchange, problem, { outcome: outcome.outcome });
    }
  }
}

function changed(settings: BucketSettings, change: Change): BucketSettings {
  const { owner, versioning, anonymousRead, cors, retention } = settings;
  const { days, versions } = change.retention ?? {};
  return {
    ...settings,
    owner: change.owner ?? owner,
    versioning: change.versioning ?? versioning,
    anonymousRead: change.anonymousRead ?? anonymousRead,
    cors: change.cors ?? cors,
    retention: {
      days: days === undefined ? retention.days : days,
      versions: versions === undefined ? retention.versions : versions,
    },
  };
}

function stateJson({ name, createdMs, settings }: BucketState, version: number): unknown {
  const { createdMs: _recorded, ...told } = settings;
  return { name, created: new Date(createdMs).toISOString(), version, ...told };
}
