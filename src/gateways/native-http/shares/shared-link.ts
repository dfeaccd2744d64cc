import type { Share } from '../../../site/access/shares/share-links.js';
import type { ReadFailure } from '../../../site/file-service.js';
import { send } from '../../http-exchange.js';
import type { Exchange } from '../exchange.js';
import { sendReadFailure } from '../file-reads.js';
import { GONE_PAGE, PAGE_HEADERS } from './share-page.js';

/** What of a link a request asks for. */
export interface Shared {
  readonly share: Share;
  /** `/s/<token>`, which nothing may write down. */
  readonly path: string;
  /** What follows it, decoded; '' for the link itself. */
  readonly rest: string;
  /** Whether a person with a browser is told, rather than a program. */
  readonly isPage: boolean;
}

/** The one answer to every link that is not good. */
export function sendGone(exchange: Exchange): void {
  send(exchange, 404, [...PAGE_HEADERS], GONE_PAGE);
}

/** What was shared is not there, or cannot be read just now. */
export function failShared(exchange: Exchange, failure: ReadFailure): void {
  const isGone =
    failure.reason === 'no_such_file' ||
    failure.reason === 'no_such_version' ||
    failure.reason === 'no_such_bucket';
  if (isGone) sendGone(exchange);
  else sendReadFailure(exchange, failure);
}
