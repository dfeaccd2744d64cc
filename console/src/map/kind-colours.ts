import { KINDS, type MessageKind } from './message-kind.ts';

/** The colours of the kinds as they are computed for an element now: a canvas knows no variables. */
export function kindColours(element: HTMLElement): Map<MessageKind, string> {
  const before = element.style.color;
  const colours = new Map(
    KINDS.map(({ kind }): [MessageKind, string] => {
      element.style.color = `var(--kind-${kind})`;
      return [kind, getComputedStyle(element).color];
    }),
  );
  element.style.color = before;
  return colours;
}
