import type { Recording } from './recording.ts';

/** What a worker says that reads a trace or runs a simulation. */
export type WorkerAnswer =
  | { readonly kind: 'progress'; readonly share: number }
  | { readonly kind: 'recording'; readonly recording: Recording }
  | { readonly kind: 'refused'; readonly reason: string };

/** Tells the page. */
export function answer(value: WorkerAnswer): void {
  postMessage(value);
}
