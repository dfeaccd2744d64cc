/** What a conformance suite needs of a test runner; vitest's `describe`, `it` and `expect` fit. */
export interface TestKit {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => Promise<void>): void;
  expect(actual: unknown): { toEqual(expected: unknown): void };
}
