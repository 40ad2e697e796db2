// The process of a test file has its path as its title: for people who list processes, and for .ci/stuck.mjs.
import { expect } from 'vitest';

process.title = expect.getState().testPath ?? process.title;
