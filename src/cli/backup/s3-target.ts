import { createHash } from 'node:crypto';
import { exchange, readBytes } from '../../client/site-endpoint.js';
import { readXml } from '../../gateways/s3/xml/xml-reader.js';
import { type S3Credentials, S3Signer } from '../s3-signer.js';
import { type BackupTarget, TargetFailed } from './backup-target.js';

export interface S3TargetOptions {
  /** `http://host:port` or `https://…`; buckets are named in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: S3Credentials;
  readonly bucket: string;
  /** Before every path; '' for none, else it ends in `/`. */
  readonly prefix: string;
  /** Authorities in PEM that are believed in place of the system's. */
  readonly ca?: string;
}

const SILENCE_LIMIT_MS = 60_000;
const BODY_LIMIT_BYTES = 64 * 1024 * 1024;
const ATTEMPTS = 4;
const PAUSE_MS = 500;

interface S3Answer {
  readonly status: number;
  readonly body: Buffer;
}

/** Keeps each object in a bucket of any store that speaks S3. Every request can be repeated. */
export class S3Target implements BackupTarget {
  constructor(private readonly options: S3TargetOptions) {}

  get name(): string {
    return `s3://${this.options.bucket}/${this.options.prefix}`;
  }

  async put(path: string, bytes: Uint8Array): Promise<void> {
    const answer = await this.ask('PUT', path, '', bytes);
    if (answer.status !== 200) throw this.refused(`storing ${path}`, answer);
  }

  async get(path: string): Promise<Uint8Array | null> {
    const answer = await this.ask('GET', path);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw this.refused(`reading ${path}`, answer);
    return answer.body;
  }

  async *list(prefix: string): AsyncIterable<string> {
    const own = this.options.prefix;
    for (let token = ''; ; ) {
      const next = token === '' ? '' : `continuation-token=${encodeURIComponent(token)}&`;
      const query = `${next}list-type=2&prefix=${encodeURIComponent(own + prefix)}`;
      const answer = await this.ask('GET', null, query);
      const page = answer.status === 200 ? readXml(answer.body) : null;
      if (page?.ok !== true) throw this.refused('listing', answer);
      const { children } = page.root;
      for (const entry of children.filter(({ name }) => name === 'Contents')) {
        const key = entry.children.find(({ name }) => name === 'Key')?.text ?? '';
        if (key.startsWith(own)) yield key.slice(own.length);
      }
      token = children.find(({ name }) => name === 'NextContinuationToken')?.text ?? '';
      if (token === '') return;
    }
  }

  async remove(path: string): Promise<void> {
    const answer = await this.ask('DELETE', path);
    if (answer.status >= 300 && answer.status !== 404)
      throw this.refused(`removing ${path}`, answer);
  }

  private async ask(
    method: 'GET' | 'PUT' | 'DELETE',
    path: string | null,
    query = '',
    body: Uint8Array = Buffer.alloc(0),
  ): Promise<S3Answer> {
    const { endpoint, bucket, prefix, credentials, region, ca } = this.options;
    const key =
      path === null ? '' : `/${`${prefix}${path}`.split('/').map(encodeURIComponent).join('/')}`;
    const target = `/${encodeURIComponent(bucket)}${key}`;
    const { host } = new URL(endpoint);
    const digest = createHash('sha256').update(body).digest('hex');
    let told = '';
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const signed = new S3Signer(credentials, Date.now(), region).headers(
        method,
        host,
        target,
        query,
        digest,
      );
      const headers: Record<string, string> = { host, 'content-length': String(body.length) };
      for (let at = 0; at < signed.length; at += 2)
        headers[signed[at] ?? ''] = signed[at + 1] ?? '';
      const reply = await exchange(
        { site: 's3', url: endpoint, ...(ca !== undefined && { ca }) },
        {
          method,
          path: query === '' ? target : `${target}?${query}`,
          headers,
          ...(method === 'PUT' && { body }),
          silenceLimitMs: SILENCE_LIMIT_MS,
        },
      );
      if (reply.kind === 'reply') {
        const bytes = await readBytes(reply.body, BODY_LIMIT_BYTES);
        if (bytes !== null && reply.status < 500) return { status: reply.status, body: bytes };
        told = bytes === null ? 'its answer broke off' : `it answered ${reply.status}`;
      } else {
        told = reply.message;
      }
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * attempt));
    }
    throw new TargetFailed(`${this.name}: ${told}`);
  }

  private refused(what: string, { status, body }: S3Answer): TargetFailed {
    const read = readXml(body);
    const code = read.ok ? read.root.children.find(({ name }) => name === 'Code')?.text : undefined;
    return new TargetFailed(`${this.name}: ${what} was answered ${status} ${code ?? ''}`.trimEnd());
  }
}
