import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/global-setup.ts'],
    // Real processes and engines share two cores: files run side by side, but not more than three of them, as some mostly wait.
    pool: 'forks',
    maxWorkers: 3,
    // Three suites share two cores with the browsers, engines and fleets that they start.
    testTimeout: 90_000,
    hookTimeout: 120_000,
  },
});
