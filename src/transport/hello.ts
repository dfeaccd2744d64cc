import { z } from 'zod';
import type { ConnectionClass } from './peer-network.js';

/**
 * Versions of the site-to-site protocol.
 * 1: first version.
 */
export const PROTOCOL_VERSION = 1;
/** The oldest version this build still speaks. */
export const FLOOR_VERSION = 1;
const MAGIC = 'quorate';

const name = z.string().min(1).max(256);

const helloSchema = z.object({
  magic: z.literal(MAGIC),
  protocolVersion: z.int().positive(),
  floorVersion: z.int().positive(),
  clusterId: name,
  from: name,
  to: name,
  run: name,
  incarnation: z.int().nonnegative(),
  class: z.enum(['control', 'bulk']),
});

/** The first frame of a connection in each direction. */
export type Hello = z.infer<typeof helloSchema>;

const refusalSchema = z.object({ reason: z.string().max(64), message: z.string().max(1024) });
export type Refusal = z.infer<typeof refusalSchema>;

export interface HelloSource {
  readonly site: string;
  readonly clusterId: string;
  readonly run: string;
  readonly incarnation: number;
}

export function makeHello(self: HelloSource, to: string, connectionClass: ConnectionClass): Hello {
  return {
    magic: MAGIC,
    protocolVersion: PROTOCOL_VERSION,
    floorVersion: FLOOR_VERSION,
    clusterId: self.clusterId,
    from: self.site,
    to,
    run: self.run,
    incarnation: self.incarnation,
    class: connectionClass,
  };
}

function parseJson(payload: Buffer): unknown {
  try {
    return JSON.parse(payload.toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}

export function parseHello(payload: Buffer): Hello | null {
  return helloSchema.safeParse(parseJson(payload)).data ?? null;
}

export function parseRefusal(payload: Buffer): Refusal {
  return (
    refusalSchema.safeParse(parseJson(payload)).data ?? { reason: 'garbage', message: 'no reason' }
  );
}

/** Why a hello is not for us, by name; null when it is. */
export function judgeHello(hello: Hello, self: HelloSource): Refusal | null {
  if (hello.protocolVersion < FLOOR_VERSION || hello.floorVersion > PROTOCOL_VERSION) {
    return {
      reason: 'wrong_version',
      message:
        `${hello.from} speaks protocol ${hello.floorVersion} to ${hello.protocolVersion}, ` +
        `${self.site} speaks ${FLOOR_VERSION} to ${PROTOCOL_VERSION}`,
    };
  }
  if (hello.clusterId !== self.clusterId) {
    return {
      reason: 'wrong_cluster',
      message: `${hello.from} belongs to cluster ${hello.clusterId}, ${self.site} to ${self.clusterId}`,
    };
  }
  if (hello.to !== self.site) {
    return { reason: 'wrong_site', message: `this is ${self.site}, not ${hello.to}` };
  }
  return null;
}
