const TITLES: Readonly<Record<string, string>> = {
  nyc: 'New York',
  tor: 'Toronto',
  lon: 'London',
  fra: 'Frankfurt',
  sin: 'Singapore',
  syd: 'Sydney',
  sao: 'São Paulo',
};

/** A simulated site's name for people; whatever else it is called, as it is. */
export function titleOf(site: string): string {
  return TITLES[site] ?? site;
}
