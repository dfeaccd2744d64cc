/** Where a site is, as longitude and latitude in degrees. */
export type Place = readonly [longitude: number, latitude: number];

/** A cluster says what its sites are called; this is where such cities are. */
const CITIES: Readonly<Record<string, Place>> = {
  'new york': [-74.0, 40.7],
  toronto: [-79.4, 43.7],
  london: [-0.1, 51.5],
  amsterdam: [4.9, 52.4],
  chicago: [-87.6, 41.9],
  dallas: [-96.8, 32.8],
  dublin: [-6.3, 53.3],
  frankfurt: [8.7, 50.1],
  'hong kong': [114.2, 22.3],
  johannesburg: [28.0, -26.2],
  'los angeles': [-118.2, 34.1],
  madrid: [-3.7, 40.4],
  milan: [9.2, 45.5],
  montreal: [-73.6, 45.5],
  mumbai: [72.9, 19.1],
  oslo: [10.8, 59.9],
  paris: [2.4, 48.9],
  'san francisco': [-122.4, 37.8],
  'são paulo': [-46.6, -23.6],
  seattle: [-122.3, 47.6],
  seoul: [127.0, 37.6],
  singapore: [103.8, 1.4],
  stockholm: [18.1, 59.3],
  sydney: [151.2, -33.9],
  tokyo: [139.7, 35.7],
  virginia: [-77.5, 39.0],
  warsaw: [21.0, 52.2],
  zurich: [8.5, 47.4],
};

/** Places for sites whose city is not known: out at sea, one beside the other. */
const AT_SEA: Place = [-40, 35];
const APART_DEGREES = 8;

export function placesOf(
  sites: readonly { readonly site: string; readonly displayName: string }[],
): Map<string, Place> {
  let unknown = 0;
  return new Map(
    sites.map(({ site, displayName }) => {
      const known = CITIES[displayName.toLowerCase()] ?? CITIES[site.toLowerCase()];
      return [site, known ?? [AT_SEA[0] + APART_DEGREES * unknown++, AT_SEA[1]]];
    }),
  );
}
