import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Real processes and engines share two cores. Two files run side by side, not more: with three, a program took half a
    // minute to start.
    pool: 'forks',
    maxWorkers: 2,
    // Two suites share two cores with the browsers, engines and fleets that they start.
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
