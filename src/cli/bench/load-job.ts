import * as z from 'zod';

/** Where some of a load's connections go. */
const Target = z.object({
  port: z.int(),
  /** Beginning of the request path; a number is added to it. */
  path: z.string(),
});

/** The variable of that process's environment that says it. */
export const JOB_VARIABLE = 'QUORATE_LOAD_JOB';

/** What the process that makes load is told. */
export const LoadJob = z.object({
  method: z.enum(['PUT', 'GET']),
  /** Connections take them in turns. */
  targets: z.array(Target).min(1),
  connections: z.int().min(1),
  /** Requests under way on one connection. */
  pipelined: z.int().min(1),
  /** Size of a PUT's body. */
  bodyBytes: z.int().min(0),
  /** Paths of a target are numbered from here … */
  firstName: z.int().min(0),
  /** … and begin again after this many. */
  names: z.int().min(1),
  /** Not counted, so that what is measured runs as it does after a while. */
  warmUpMs: z.number().min(0),
  /** The measurement ends after this time or this many requests, whichever comes first. */
  limitMs: z.number(),
  limitRequests: z.int(),
  /**
   * So many requests begin in each second, answered or not, as far as connections are free; refusals
   * (503) are counted apart. Without it each connection asks again as soon as it was answered.
   */
  offeredPerSecond: z.number().min(1).optional(),
  /** The key that requests are signed with, where they speak S3. */
  s3: z.object({ accessKeyId: z.string(), secret: z.string() }).optional(),
});
export type LoadJob = z.infer<typeof LoadJob>;

export const LoadResult = z.object({
  completed: z.int(),
  /** Answers that the site had too much to do, those that said when to come again, and their median. */
  refused: z.int(),
  refusedTold: z.int(),
  refusedMedianMs: z.number(),
  /** Requests that were to begin while every connection was busy; they began later or not at all. */
  waited: z.int(),
  failed: z.int(),
  /** The first answer that was not a success; '' for none. */
  firstFailure: z.string(),
  tookMs: z.number(),
  /** Processor time of the process that makes the load. */
  cpuMs: z.number(),
  medianMs: z.number(),
  p99Ms: z.number(),
});
export type LoadResult = z.infer<typeof LoadResult>;

/** What it tells: that the warm-up is over, and the result. */
export const LoadMessage = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('begun') }),
  z.object({ kind: z.literal('done'), result: LoadResult }),
]);
