/*
 * Who gets to a route at all. A new route is the administrator's until it is written down here, so
 * that a forgotten line locks somebody out rather than anybody in.
 */

export type RouteAccess =
  /** Anybody, without a key. What is served here must be nobody's secret. */
  | 'open'
  /** Whoever shows a good key, whatever its rights are. */
  | 'known'
  /** Anybody gets to the route, which judges by the names that the request is about. */
  | 'judged'
  | 'administrator';

const METRICS = '/metrics';

/** A path that ends in `/*` stands for everything below it; the first that fits counts. */
const ROUTES: readonly (readonly [path: string, access: RouteAccess])[] = [
  ['/health', 'open'],
  // The console's own files, which are the same for everybody.
  ['/', 'open'],
  ['/console/*', 'open'],
  ['/v1/health/*', 'open'],
  ['/v1/session', 'open'],
  [METRICS, 'known'],
  ['/v1/cluster', 'known'],
  ['/v1/position', 'known'],
  ['/v1/files/*', 'judged'],
  ['/v1/buckets', 'known'],
  ['/v1/buckets/*', 'judged'],
  ['/v1/primaries', 'judged'],
  ['/v1/shares', 'known'],
  ['/v1/shares/*', 'known'],
];

/** `guard.metricsOpen`: the operator wants what is measured to be read without a key. */
export function routeAccess(
  path: string,
  guard: { readonly metricsOpen: boolean } | null = null,
): RouteAccess {
  if (path === METRICS && guard?.metricsOpen === true) return 'open';
  for (const [pattern, access] of ROUTES) {
    const isBelow = pattern.endsWith('/*') && path.startsWith(pattern.slice(0, -1));
    if (isBelow || path === pattern) return access;
  }
  return 'administrator';
}
