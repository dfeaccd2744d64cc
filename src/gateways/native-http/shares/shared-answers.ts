import type { FileVersion } from '../../service-types.js';
import { CONTENT_TYPE_KEY, DEFAULT_CONTENT_TYPE } from '../../file-metadata.js';
import { type FlatHeaders, send } from '../../http-exchange.js';
import { entityTag } from '../conditions.js';
import type { Exchange } from '../exchange.js';
import type { FileAnswer } from '../file-reads.js';
import {
  filePage,
  folderPage,
  PAGE_HEADERS,
  type PageEntry,
  SHARED_HEADERS,
} from './share-page.js';
import { failShared, type Shared } from './shared-link.js';

const PAGE_ENTRIES = 1000;

/**
 * What a browser may show in its window: nothing of it can hold a script. All else, HTML and SVG first
 * of all, is only ever saved, and is in a sandbox of its own besides.
 */
const SHOWN =
  /^(?:text\/plain|image\/(?:png|jpeg|gif|webp|avif|bmp)|audio\/[\w.+-]+|video\/[\w.+-]+)$/;
const MEDIA_TYPE = /^[\w.+-]+\/[\w.+-]+$/;

/** The bytes, under the name that they have. */
export function sharedContent(fileName: string, isDownload: boolean): FileAnswer {
  return {
    fail: failShared,
    headers: (file) => {
      const { type, charset } = typeOf(file);
      const disposition = isDownload || !SHOWN.test(type) ? 'attachment' : 'inline';
      return [
        ...SHARED_HEADERS,
        'Content-Type',
        type + charset,
        'Content-Disposition',
        `${disposition}; filename*=UTF-8''${encodedName(fileName)}`,
        'Content-Security-Policy',
        "sandbox; default-src 'none'",
        'ETag',
        entityTag(file.content?.etag ?? ''),
        'Last-Modified',
        new Date(file.modifiedMs).toUTCString(),
        'Accept-Ranges',
        'bytes',
        'Quorate-Version',
        String(file.version),
      ];
    },
  };
}

/** What a browser is shown of a link to one file. */
export async function answerSharedPage(exchange: Exchange, shared: Shared): Promise<void> {
  const { name, version } = shared.share;
  const opened = await exchange.service.open(name, version === null ? {} : { version });
  if (!opened.ok) return failShared(exchange, opened);
  const { file } = opened;
  const fileName = name.slice(name.lastIndexOf('/') + 1);
  const href = `${shared.path}/${encodeURIComponent(fileName)}`;
  const about = `${sizeText(file.content?.size ?? 0)}, of ${dayText(file.modifiedMs)}`;
  const openHref = SHOWN.test(typeOf(file).type) ? href : null;
  const text = filePage({ name: fileName, about, downloadHref: `${href}?download`, openHref });
  send(exchange, 200, [...PAGE_HEADERS], text);
}

/** One level of a shared folder: a page for browsers, JSON for programs. */
export async function answerSharedFolder(
  exchange: Exchange,
  shared: Shared,
  cursor: string | undefined,
): Promise<void> {
  const { share, rest, path } = shared;
  const whole = share.name + rest;
  const slash = whole.indexOf('/');
  const prefix = whole.slice(slash + 1);
  const listing = await exchange.service.list({
    bucket: whole.slice(0, slash),
    prefix,
    delimiter: '/',
    limit: PAGE_ENTRIES,
    ...(cursor !== undefined && cursor !== '' && { cursor }),
  });
  if (!listing.ok) return failShared(exchange, listing);
  const { files, prefixes, next } = listing;
  const shortOf = (name: string): string => name.slice(whole.length);
  if (!shared.isPage) {
    const told = {
      folders: prefixes.map((each) => each.slice(prefix.length)),
      files: files.map((file) => ({
        name: shortOf(file.name),
        size: file.content?.size ?? 0,
        modified: new Date(file.modifiedMs).toISOString(),
      })),
      next,
    };
    const headers: FlatHeaders = [...SHARED_HEADERS, 'Content-Type', 'application/json'];
    return send(exchange, 200, headers, `${JSON.stringify(told)}\n`);
  }
  const here = path + encodedPath(`/${rest}`);
  const entry = (text: string, size: string): PageEntry => ({
    href: here + encodedPath(text),
    text,
    size,
  });
  const entries = [
    ...prefixes.map((each) => entry(each.slice(prefix.length), '')),
    // A marker of the folder itself has no name in it.
    ...files
      .filter(({ name }) => name !== whole)
      .map((file) => entry(shortOf(file.name), sizeText(file.content?.size ?? 0))),
  ];
  const nextHref = next === null ? null : `${here}?cursor=${encodeURIComponent(next)}`;
  const title = whole.split('/').at(-2) ?? '';
  send(exchange, 200, [...PAGE_HEADERS], folderPage(title, entries, nextHref));
}

function encodedPath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

/** As RFC 8187 has it. */
function encodedName(name: string): string {
  return encodeURIComponent(name).replace(
    /['()*!]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function typeOf({ metadata }: FileVersion): { readonly type: string; readonly charset: string } {
  const [type = '', ...parameters] = (metadata[CONTENT_TYPE_KEY] ?? '').toLowerCase().split(';');
  const trimmed = type.trim();
  const isUtf8 = parameters.some((each) => /^\s*charset="?utf-8"?\s*$/.test(each));
  return MEDIA_TYPE.test(trimmed)
    ? { type: trimmed, charset: isUtf8 || trimmed === 'text/plain' ? '; charset=utf-8' : '' }
    : { type: DEFAULT_CONTENT_TYPE, charset: '' };
}

const UNITS = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB'];

function sizeText(bytes: number): string {
  const step = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(bytes) / 10));
  const value = bytes / 1024 ** step;
  return `${step === 0 ? value : value.toFixed(1)} ${UNITS[step]}`;
}

function dayText(atMs: number): string {
  return new Date(atMs).toISOString().slice(0, 10);
}
