import { existsSync, readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type FlatHeaders, type HttpExchange, send } from '../http-exchange.js';

/*
 * The console's built files: its page at `/`, the rest below `/console/`. Only what the build made
 * is there; names have their content's hash, so that browsers may keep them for good.
 */

const PREFIX = '/console/';
const PAGE = 'index.html';
const BUILT = fileURLToPath(new URL('../../console/', import.meta.url));

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.json': 'application/json',
};
const ENCODINGS = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;

/** Everything from this very site, nothing inlined, nobody's frame. PDF files are shown as blobs. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' blob:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "worker-src 'self'",
  'frame-src blob:',
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

const SAFETY = [
  ['Content-Security-Policy', POLICY],
  ['X-Content-Type-Options', 'nosniff'],
  ['X-Frame-Options', 'DENY'],
  ['Referrer-Policy', 'no-referrer'],
  ['Cross-Origin-Opener-Policy', 'same-origin'],
].flat();

const LIST_AGAIN_MS = 1000;

const NOT_BUILT =
  'The console is not built here. In a source checkout: npm run build:console\n' +
  'The HTTP API is there all the same.\n';

export class ConsoleFiles {
  /** Which files there are, by what follows `/console/`. */
  private names: ReadonlySet<string>;
  private listedMs = performance.now();

  constructor(private readonly folder = BUILT) {
    this.names = namesIn(folder);
  }

  owns(path: string): boolean {
    return path === '/' || path.startsWith(PREFIX);
  }

  answer(exchange: HttpExchange, path: string): Promise<void> | void {
    const name = path === '/' || path === PREFIX ? PAGE : path.slice(PREFIX.length);
    const { method } = exchange.request;
    if (method !== 'GET' && method !== 'HEAD') {
      return this.refuse(exchange, 405, 'only GET and HEAD\n', ['Allow', 'GET, HEAD']);
    }
    if (!this.names.has(name)) this.listAgain();
    if (this.names.size === 0) return this.refuse(exchange, 404, NOT_BUILT);
    if (!this.names.has(name) || !(extname(name) in TYPES)) {
      return this.refuse(exchange, 404, 'the console has no such file\n');
    }
    return this.serve(exchange, name);
  }

  /** It may have been built anew while this site runs. */
  private listAgain(): void {
    const nowMs = performance.now();
    if (nowMs - this.listedMs < LIST_AGAIN_MS) return;
    this.listedMs = nowMs;
    this.names = namesIn(this.folder);
  }

  private async serve(exchange: HttpExchange, name: string): Promise<void> {
    const accepted = String(exchange.request.headers['accept-encoding'] ?? '');
    const encoding = ENCODINGS.find(
      (each) => accepts(accepted, each.name) && this.names.has(`${name}${each.suffix}`),
    );
    const headers: FlatHeaders = [
      'Content-Type',
      TYPES[extname(name)] ?? 'application/octet-stream',
      'Cache-Control',
      name === PAGE ? 'no-cache' : 'public, max-age=31536000, immutable',
      'Vary',
      'Accept-Encoding',
      ...SAFETY,
    ];
    if (encoding !== undefined) headers.push('Content-Encoding', encoding.name);
    let bytes: Buffer;
    try {
      bytes = await readFile(join(this.folder, `${name}${encoding?.suffix ?? ''}`));
    } catch {
      // The program was replaced while it runs; the new one has other names.
      return this.refuse(exchange, 404, 'the console has no such file any more\n');
    }
    send(exchange, 200, headers, bytes);
  }

  private refuse(
    exchange: HttpExchange,
    status: number,
    text: string,
    more: FlatHeaders = [],
  ): void {
    const headers = ['Content-Type', 'text/plain; charset=utf-8', 'Cache-Control', 'no-store'];
    send(exchange, status, [...headers, ...SAFETY, ...more], text);
  }
}

function namesIn(folder: string): ReadonlySet<string> {
  const listed = existsSync(folder) ? readdirSync(folder, { recursive: true }) : [];
  return new Set(listed.map((name) => String(name).replaceAll('\\', '/')));
}

/** Without weighing: who takes an encoding at all gets it. */
function accepts(header: string, encoding: string): boolean {
  return header.split(',').some((part) => {
    const [name = '', quality = ''] = part.split(';');
    return name.trim() === encoding && !/^\s*q=0(\.0*)?\s*$/.test(quality);
  });
}
