import { createHash } from 'node:crypto';

/*
 * The pages of links, for browsers. They hold no script, and names only as text: whoever shares a
 * file chooses its name.
 */

const STYLE = `
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}
body{max-width:44rem;margin:0 auto;padding:3rem 1.25rem}
h1{font-size:1.35rem;overflow-wrap:anywhere}
ul{padding:0;list-style:none;border-top:1px solid #8884}
li{display:flex;gap:1rem;padding:.5rem 0;border-bottom:1px solid #8884}
li a{flex:1;overflow-wrap:anywhere}
li span{white-space:nowrap}
.button,button{display:inline-block;padding:.5rem 1rem;border:1px solid #1d4ed8;border-radius:.4rem;background:#1d4ed8;color:#fff;font:inherit;text-decoration:none;cursor:pointer}
input{padding:.5rem;font:inherit;border:1px solid #888;border-radius:.4rem}
[role=alert]{color:light-dark(#b91c1c,#fca5a5)}
`;
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** Nothing but its own style, and a form that goes back to where it came from. */
const POLICY =
  `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; ` +
  "base-uri 'none'; frame-ancestors 'none'";

/** Nothing of a link is kept by a cache: it can be revoked. */
export const SHARED_HEADERS = [
  ['Cache-Control', 'no-store'],
  ['X-Content-Type-Options', 'nosniff'],
  // Not "no-referrer": browsers would then say of the form that it comes from nowhere.
  ['Referrer-Policy', 'same-origin'],
  ['X-Robots-Tag', 'noindex, nofollow'],
  ['Cross-Origin-Resource-Policy', 'same-origin'],
].flat();

export const PAGE_HEADERS = [
  'Content-Type',
  'text/html; charset=utf-8',
  'Content-Security-Policy',
  POLICY,
  'X-Frame-Options',
  'DENY',
  'Cross-Origin-Opener-Policy',
  'same-origin',
  ...SHARED_HEADERS,
];

export interface PageEntry {
  readonly href: string;
  readonly text: string;
  readonly size: string;
}

/** For every link that is not good, whatever is wrong with it. */
export const GONE_PAGE = page('Nothing here', '<p>This link is not, or no longer, valid.</p>');

export function passwordPage(fault: string | null): string {
  const alert = fault === null ? '' : `<p role="alert">${escaped(fault)}</p>`;
  return page(
    'This link has a password',
    `<form method="post"><p><label>Password <input type="password" name="password" required
autofocus autocomplete="off" maxlength="200"></label> <button>Open</button></p></form>${alert}`,
  );
}

export function filePage(file: {
  readonly name: string;
  readonly about: string;
  readonly downloadHref: string;
  /** Where browsers may show it; null where they may not. */
  readonly openHref: string | null;
}): string {
  const open =
    file.openHref === null ? '' : ` &nbsp; <a href="${escaped(file.openHref)}">Look at it</a>`;
  return page(
    file.name,
    `<p>${escaped(file.about)}</p>
<p><a class="button" href="${escaped(file.downloadHref)}">Download</a>${open}</p>`,
  );
}

export function folderPage(
  name: string,
  entries: readonly PageEntry[],
  nextHref: string | null,
): string {
  const rows = entries.map(
    ({ href, text, size }) =>
      `<li><a href="${escaped(href)}">${escaped(text)}</a><span>${escaped(size)}</span></li>`,
  );
  const next = nextHref === null ? '' : `<p><a href="${escaped(nextHref)}">More</a></p>`;
  const list = rows.length === 0 ? '<p>Nothing is in it.</p>' : `<ul>${rows.join('\n')}</ul>`;
  return page(name, `${list}${next}`);
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>${escaped(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escaped(title)}</h1>
${body}</main></body>
</html>
`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
