/**
 * The name that a site's certificate carries (as a URI among its subject's alternative names), and
 * by which the other sites know it. Certificates of another cluster carry other names.
 */
export function siteUri(clusterId: string, site: string): string {
  return `quorate://${encodeURIComponent(clusterId)}/site/${encodeURIComponent(site)}`;
}

const SITE_URI = /^quorate:\/\/([^/]+)\/site\/([^/]+)$/;

/** The site that such a name is of; null for any other. */
export function siteOfUri(uri: string): string | null {
  const [, cluster, site] = SITE_URI.exec(uri) ?? [];
  if (cluster === undefined || site === undefined) return null;
  try {
    return decodeURIComponent(site);
  } catch {
    return null;
  }
}
