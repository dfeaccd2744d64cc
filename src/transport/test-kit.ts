/** What a conformance suite needs of a test runner; vitest's functions of these names fit. */
export interface TestKit {
  describe(name: string, body: () => void): void;
  it(name: string, body: () => void | Promise<void>): void;
  beforeEach(body: () => Promise<void>): void;
  afterEach(body: () => Promise<void>): void;
  expect(actual: unknown): {
    toBe(expected: unknown): void;
    toBeNull(): void;
    toBeGreaterThan(expected: number): void;
    toEqual(expected: unknown): void;
    toHaveLength(expected: number): void;
    toMatchObject(expected: object): void;
  };
}
