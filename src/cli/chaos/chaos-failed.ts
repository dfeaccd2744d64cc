/** A run that could not even begin; the message is a sentence for people. */
export class ChaosFailed extends Error {
  override readonly name = 'ChaosFailed';
}
