/** What pages of some origins may do with a bucket. */
export interface CorsRuleWish {
  readonly allowedOrigins: readonly string[];
  readonly allowedMethods: readonly string[];
  readonly allowedHeaders?: readonly string[];
  readonly exposeHeaders?: readonly string[];
  readonly maxAgeSeconds?: number;
}

/** Settings of a bucket that are to be others; the rest stays. */
export interface BucketChange {
  readonly owner?: string;
  readonly versioning?: 'enabled' | 'suspended';
  readonly anonymousRead?: boolean;
  /** What pages of other origins may do; replaces all rules there are. */
  readonly cors?: readonly CorsRuleWish[];
  /** Of replaced versions; null: for ever, any number. */
  readonly retention?: { readonly days?: number | null; readonly versions?: number | null };
}
