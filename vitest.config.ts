import { defineConfig } from 'vitest/config';
import { filesOf, PROJECTS } from './test/projects.ts';

export default defineConfig({
  test: {
    // Real processes and engines share two cores. Two files run side by side, not more: with three, a program took half a
    // minute to start.
    pool: 'forks',
    maxWorkers: 2,
    projects: PROJECTS.map((name) => ({
      test: {
        name,
        include: filesOf(name),
        setupFiles: ['test/support/title.ts'],
        // Files of `unit` leave nothing behind in their process, so that each need not load our code again.
        ...(name === 'unit' ? { isolate: false } : { globalSetup: ['test/global-setup.ts'] }),
        // Two suites share two cores with the browsers, engines and fleets that they start.
        testTimeout: 90_000,
        hookTimeout: 120_000,
      },
    })),
  },
});
