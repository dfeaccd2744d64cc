import * as z from 'zod';

/** A link to a file, or to all files below a prefix. */
export const ShareAnswer = z.object({
  id: z.string(),
  name: z.string(),
  version: z.number().nullable(),
  maker: z.string(),
  note: z.string(),
  created: z.string(),
  ends: z.string(),
  hasPassword: z.boolean(),
  /** What follows the address of any site. */
  path: z.string(),
});
export type ShareAnswer = z.infer<typeof ShareAnswer>;

export const SharesAnswer = z.object({ shares: z.array(ShareAnswer) });
export type SharesAnswer = z.infer<typeof SharesAnswer>;

export interface ShareWish {
  /** `bucket/path`, or what ends in "/": all files that begin so. */
  readonly name: string;
  readonly seconds?: number;
  readonly version?: number;
  readonly password?: string;
  readonly note?: string;
}
