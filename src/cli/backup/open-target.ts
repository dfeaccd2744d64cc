import { resolve } from 'node:path';
import { readAuthorities } from '../cluster-address.js';
import { UsageError } from '../exit-code.js';
import type { World } from '../world.js';
import type { BackupTarget } from './backup-target.js';
import { FolderTarget } from './folder-target.js';
import { S3Target } from './s3-target.js';

export interface TargetOptions {
  readonly endpoint?: string;
  readonly endpointCa?: string;
}

/** `s3://bucket/prefix`, with what the environment says of AWS, or a folder. */
export function openTarget(world: World, text: string, options: TargetOptions): BackupTarget {
  if (!text.startsWith('s3://')) return new FolderTarget(resolve(world.folder, text));
  const [, bucket, rest = ''] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,62})(?:\/(.*))?$/.exec(text) ?? [];
  if (bucket === undefined)
    throw new UsageError(`"${text}" is no bucket: write s3://BUCKET/PREFIX`);
  const { environment } = world;
  const accessKeyId = environment.AWS_ACCESS_KEY_ID ?? '';
  const secret = environment.AWS_SECRET_ACCESS_KEY ?? '';
  if (accessKeyId === '' || secret === '') {
    throw new UsageError('set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY for the bucket');
  }
  const region = environment.AWS_REGION ?? 'us-east-1';
  const given = options.endpoint ?? environment.AWS_ENDPOINT_URL;
  const endpoint = given ?? `https://s3.${region}.amazonaws.com`;
  if (!/^https?:\/\/[^/\s]+\/?$/.test(endpoint) || !URL.canParse(endpoint)) {
    throw new UsageError(`--endpoint ${endpoint}: it has to be https://HOST or http://HOST:PORT`);
  }
  const ca = readAuthorities(options.endpointCa, world.folder);
  return new S3Target({
    endpoint: endpoint.replace(/\/$/, ''),
    region,
    credentials: { accessKeyId, secret },
    bucket,
    prefix: rest === '' || rest.endsWith('/') ? rest : `${rest}/`,
    ...(ca !== undefined && { ca }),
  });
}
