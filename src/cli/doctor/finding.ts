/** One thing that was looked at. Whatever is not `ok` says what to do. */
export type Finding =
  | { readonly level: 'ok'; readonly about: string; readonly message: string }
  | {
      /** `warning`: it works, but not well or not for long; `fault`: it does not work. */
      readonly level: 'warning' | 'fault';
      readonly about: string;
      readonly message: string;
      readonly advice: string;
    };

export function ok(about: string, message: string): Finding {
  return { level: 'ok', about, message };
}

export function warning(about: string, message: string, advice: string): Finding {
  return { level: 'warning', about, message, advice };
}

export function fault(about: string, message: string, advice: string): Finding {
  return { level: 'fault', about, message, advice };
}

/** `1.2 ms`, `48 ms`. */
export function shortMs(milliseconds: number): string {
  return `${milliseconds < 10 ? milliseconds.toFixed(1) : Math.round(milliseconds)} ms`;
}
