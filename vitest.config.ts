import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'console/**/*.test.ts', 'examples/*.test.ts'],
    // The examples name the package as its users do.
    alias: { 'quorate/client': new URL('src/client/sdk/node.ts', import.meta.url).pathname },
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    maxWorkers: 2,
  },
});
