// The search of `tmpfleet plan`: the least number that is enough, with few trials.
import { describe, expect, test } from 'vitest';
import { findLeast } from '../../../cli/plan/search.ts';

const search = (answer: number, guess: number, most: number) => {
  const tried: number[] = [];
  const found = findLeast({
    ...{ guess, most },
    isEnough: (number) => {
      tried.push(number);
      return number >= answer;
    },
  });
  return { ...found, tried };
};

describe('the least number that is enough', () => {
  test.each([
    // answer, guess, most, trials at most
    [1, 1, 10_000, 1],
    [1, 100, 10_000, 8],
    [7, 7, 10_000, 2],
    [8, 7, 10_000, 3],
    [100, 100, 10_000, 6],
    [104, 100, 10_000, 6],
    [90, 100, 10_000, 7],
    [1, 10_000, 10_000, 20],
    [10_000, 1, 10_000, 28],
    [12, 500, 12, 3],
    [3, 0, 100, 5],
    [3, 2.4, 100, 4],
  ])('%i, guessed %d, of at most %i: within %i trials', (answer, guess, most, trials) => {
    const { least, isExact, tried } = search(answer, guess, most);
    expect({ least, isExact }).toEqual({ least: answer, isExact: true });
    expect(tried.length).toBeLessThanOrEqual(trials);
    expect(new Set(tried).size).toBe(tried.length);
    for (const number of tried) expect(number >= 1 && number <= most && Number.isInteger(number)).toBe(true);
  });

  test('none is enough', () => {
    expect(search(101, 7, 100)).toMatchObject({ least: undefined, isExact: true });
  });

  test('when the time is over, the best so far is the answer, and is said to be uncertain', () => {
    let left = 3;
    const isEnough = (number: number): boolean | undefined => {
      left -= 1;
      return left < 0 ? undefined : number >= 20;
    };
    expect(findLeast({ guess: 64, most: 1_000, isEnough })).toEqual({ least: 52, isExact: false });
    expect(findLeast({ guess: 64, most: 1_000, isEnough: () => undefined })).toEqual({
      least: undefined,
      isExact: false,
    });
  });
});
