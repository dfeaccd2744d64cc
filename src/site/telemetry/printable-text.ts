/** Without what would break a line or speak to a terminal; stacks keep their lines. */
export function printableText(text: string): string {
  return text.replace(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/g, '\uFFFD');
}
