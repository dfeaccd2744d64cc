/** A site as the map draws it. */
export interface MapSite {
  readonly site: string;
  readonly displayName: string;
  readonly state: 'up' | 'away';
  /** A few words below its name. */
  readonly text: string;
}

export interface MapLink {
  readonly a: string;
  readonly b: string;
  readonly state: 'up' | 'slow' | 'down';
  /** On the link: its round trip; '': nothing. */
  readonly text: string;
  /** For who cannot see it. */
  readonly label: string;
}
