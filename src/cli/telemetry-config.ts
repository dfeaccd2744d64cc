import * as z from 'zod';
import type { SiteConfig } from '../site/site-config.js';

/* [telemetry] of a site's configuration file: where spans of requests go. */

const DEFAULT_RATIO = 0.01;

export const TelemetryTable = z.strictObject({
  otlp_endpoint: z.url({ protocol: /^https?$/ }).refine((text) => {
    const { username, password, search, hash } = new URL(text);
    return username + password + search + hash === '';
  }, 'expected an address without user, password, ? and #'),
  sampling_ratio: z.number().min(0).max(1).default(DEFAULT_RATIO),
});
export type TelemetryTable = z.infer<typeof TelemetryTable>;

type Telemetry = NonNullable<SiteConfig['telemetry']>;

export function telemetryOf(table: TelemetryTable): Telemetry {
  return { otlpEndpoint: table.otlp_endpoint, samplingRatio: table.sampling_ratio };
}

export function telemetryTable({ otlpEndpoint, samplingRatio }: Telemetry): TelemetryTable {
  return { otlp_endpoint: otlpEndpoint, sampling_ratio: samplingRatio };
}
