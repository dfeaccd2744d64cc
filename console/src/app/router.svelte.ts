/*
 * Where the page stands is in its address's fragment: `#/files/docs/a/`, `#/file/docs/a/b.txt`,
 * It is never sent to a site, and a page may be reloaded or its address given away.
 */

export type View = 'files' | 'file' | 'map' | 'replay' | 'admin';

export interface Place {
  readonly view: View;
  /** What follows the view, decoded: the name of a file or folder, a tab. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

const VIEWS: readonly string[] = ['files', 'file', 'map', 'replay', 'admin'];

export function parsePlace(hash: string): Place {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const slash = path.indexOf('/');
  const view = slash < 0 ? path : path.slice(0, slash);
  const rest = slash < 0 ? '' : path.slice(slash + 1);
  const known = VIEWS.includes(view) ? (view as View) : 'files';
  return { view: known, rest: decoded(rest), query: new URLSearchParams(query) };
}

function decoded(text: string): string {
  try {
    return text.split('/').map(decodeURIComponent).join('/');
  } catch {
    return '';
  }
}

export function hrefOf(view: View, rest = '', query: Record<string, string> = {}): string {
  const path = rest.split('/').map(encodeURIComponent).join('/');
  const asked = new URLSearchParams(query).toString();
  return `#/${view}${rest === '' ? '' : `/${path}`}${asked === '' ? '' : `?${asked}`}`;
}

class Router {
  place = $state.raw<Place>(parsePlace(location.hash));
  private readonly rests = new Map<View, string>();

  constructor() {
    addEventListener('hashchange', () => {
      this.place = parsePlace(location.hash);
    });
  }

  /**
   * What follows this view; where another one was gone to, what followed it last: a view stays on the
   * page until the next one is loaded, and must not take the name of that one for its own.
   */
  restOf(view: View): string {
    if (this.place.view === view) this.rests.set(view, this.place.rest);
    return this.rests.get(view) ?? '';
  }

  go(href: string): void {
    location.hash = href;
  }
}

export const router = new Router();
