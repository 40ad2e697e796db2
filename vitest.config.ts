import { defineConfig } from 'vitest/config';
import { filesOf, PROJECTS } from './test/projects.ts';

export default defineConfig({
  test: {
    // Files wait for programs, engines and browsers more than they compute: with two side by side, two cores were busy for
    // 56 % of the time; with three for 93 %.
    pool: 'forks',
    maxWorkers: 3,
    projects: PROJECTS.map((name) => ({
      test: {
        name,
        include: filesOf(name),
        setupFiles: ['test/support/title.ts'],
        // Files of `unit` leave nothing behind in their process, so that each need not load our code again.
        ...(name === 'unit' ? { isolate: false } : { globalSetup: ['test/global-setup.ts'] }),
        // Three suites share two cores with the browsers, engines and fleets that they start.
        testTimeout: 90_000,
        hookTimeout: 120_000,
      },
    })),
  },
});
