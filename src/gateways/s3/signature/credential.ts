/** Who signed, and for what the derived key is good. */
export interface Credential {
  readonly accessKeyId: string;
  /** `YYYYMMDD` */
  readonly date: string;
  readonly region: string;
  /** All but the access key: `date/region/s3/aws4_request`. */
  readonly scope: string;
}

const CREDENTIAL =
  /^([\x21-\x2e\x30-\x7e]{1,128})\/(\d{8})\/([A-Za-z0-9._-]{1,64})\/s3\/aws4_request$/;

/**
 * Reads `accessKeyId/date/region/s3/aws4_request`, or gives null. Any region will do: there is one
 * set of keys for all sites, and the region is part of what is signed anyhow, so that demanding one
 * would only keep out clients which were set up with another name.
 */
export function readCredential(text: string): Credential | null {
  const [, accessKeyId, date, region] = CREDENTIAL.exec(text) ?? [];
  if (accessKeyId === undefined || date === undefined || region === undefined) return null;
  return { accessKeyId, date, region, scope: `${date}/${region}/s3/aws4_request` };
}

const AMZ_DATE = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** Milliseconds of `YYYYMMDDTHHMMSSZ`, or null. */
export function readAmzDate(text: string): number | null {
  const parts = AMZ_DATE.exec(text);
  if (!parts) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts
    .slice(1)
    .map(Number);
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  return formatAmzDate(milliseconds) === text ? milliseconds : null;
}

export function formatAmzDate(milliseconds: number): string {
  return `${new Date(milliseconds).toISOString().slice(0, 19).replace(/[-:]/g, '')}Z`;
}
