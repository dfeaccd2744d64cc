import {
  type GeoProjection,
  geoAzimuthalEqualArea,
  geoGraticule10,
  geoInterpolate,
  geoPath,
} from 'd3-geo';
import { feature } from 'topojson-client';
import land from 'world-atlas/land-110m.json';
import type { Place } from './places.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** A great circle between two sites on the map, as points at equal distances. */
export type Way = readonly Point[];

export interface Geography {
  /** Paths of SVG. */
  readonly land: string;
  readonly graticule: string;
  readonly points: ReadonlyMap<string, Point>;
  way(from: string, to: string): Way;
}

const SHAPE = feature(land, land.objects.land);
const STEPS = 48;
/** Messages that go opposite ways go beside each other. */
const ASIDE_PIXELS = 3;

/** The part of the world in which the sites are, drawn for a picture of this size. */
export function drawGeography(
  places: ReadonlyMap<string, Place>,
  width: number,
  height: number,
): Geography {
  const projection = project([...places.values()], width, height);
  const path = geoPath(projection).digits(1);
  const at = (place: Place): Point => {
    const [x, y] = projection([place[0], place[1]]) ?? [0, 0];
    return { x, y };
  };
  const points = new Map([...places].map(([site, place]) => [site, at(place)]));
  const ways = new Map<string, Way>();
  return {
    land: path(SHAPE) ?? '',
    graticule: path(geoGraticule10()) ?? '',
    points,
    way: (from, to) => {
      const key = `${from} ${to}`;
      let way = ways.get(key);
      if (way === undefined) {
        const [a, b] = [places.get(from), places.get(to)];
        way = a && b ? aside(greatCircle(a, b).map(at)) : [];
        ways.set(key, way);
      }
      return way;
    },
  };
}

function greatCircle(a: Place, b: Place): Place[] {
  const between = geoInterpolate([a[0], a[1]], [b[0], b[1]]);
  return Array.from({ length: STEPS + 1 }, (_, step) => between(step / STEPS));
}

function project(places: readonly Place[], width: number, height: number): GeoProjection {
  const middle = centreOf(places);
  const projection = geoAzimuthalEqualArea()
    .rotate([-middle[0], -middle[1] + 4])
    .clipAngle(75);
  const side = Math.min(width * 0.14, 150);
  const room: [[number, number], [number, number]] = [
    [side, height * 0.22],
    [width - side, height * 0.78],
  ];
  const coordinates = places.map(([longitude, latitude]): [number, number] => [
    longitude,
    latitude,
  ]);
  projection.fitExtent(room, { type: 'MultiPoint', coordinates });
  // A single site, or several in one city, would be seen from too near.
  if (projection.scale() > width * 4) projection.scale(width * 2);
  return projection;
}

/** Halfway between the two that are farthest apart. */
function centreOf(places: readonly Place[]): Place {
  const [first = [0, 30] as Place] = places;
  let best: readonly [Place, Place] = [first, first];
  let longest = -1;
  for (const a of places) {
    for (const b of places) {
      const far = Math.hypot(a[0] - b[0], a[1] - b[1]);
      if (far > longest) [longest, best] = [far, [a, b]];
    }
  }
  const [longitude, latitude] = geoInterpolate([...best[0]], [...best[1]])(0.5);
  return [longitude, latitude];
}

function aside(points: readonly Point[]): Way {
  return points.map((point, index) => {
    const before = points[index - 1] ?? point;
    const after = points[index + 1] ?? point;
    const length = Math.hypot(after.x - before.x, after.y - before.y) || 1;
    const x = point.x - ((after.y - before.y) / length) * ASIDE_PIXELS;
    const y = point.y + ((after.x - before.x) / length) * ASIDE_PIXELS;
    return { x, y };
  });
}

/** The point at a share of the way, from 0 to 1. */
export function pointOn(way: Way, share: number): Point {
  const at = Math.max(0, Math.min(1, share)) * (way.length - 1);
  const index = Math.floor(at);
  const from = way[index] ?? { x: 0, y: 0 };
  const to = way[index + 1] ?? from;
  const part = at - index;
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part };
}

export function lengthOf(way: Way): number {
  let length = 0;
  for (let index = 1; index < way.length; index += 1) {
    const [a, b] = [way[index - 1], way[index]];
    if (a && b) length += Math.hypot(b.x - a.x, b.y - a.y);
  }
  return length;
}

/** Of SVG. */
export function pathOf(way: Way): string {
  return way
    .map(({ x, y }, index) => `${index === 0 ? 'M' : 'L'}${x.toFixed(1)} ${y.toFixed(1)}`)
    .join('');
}
