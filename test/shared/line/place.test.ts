// A place in line: who gave it, how long it counts, and how it travels in an address.
import { describe, expect, test } from 'vitest';
import {
  byArrival,
  PLACE_LIFE_MS,
  Places,
  patiently,
  splitPlace,
  withPlace,
} from '../../../shared/line/place.ts';
import { FleetKeys } from '../../../shared/protocol/fleet-keys.ts';
import { SECRET, TestClock } from '../../redirector/support.ts';

const places = (clock: TestClock, ...secrets: readonly string[]): Places =>
  new Places(new FleetKeys(secrets), clock);

describe('a place', () => {
  test('is read as it was given, at every front of the fleet', () => {
    const clock = new TestClock();
    const place = places(clock, SECRET).give(clock.time);
    expect(places(clock, SECRET).read(place.text)).toEqual(place);
    expect(places(clock, 'a-newer-secret-of-the-fleet', SECRET).read(place.text)).toEqual(place);
  });

  test('is no place where it is forged, changed, too old, or of the future', () => {
    const clock = new TestClock();
    const own = places(clock, SECRET);
    const place = own.give(clock.time);
    const earlier = place.text.replace(/^[^-]+/, (clock.time - 60_000).toString(36));
    for (const text of [
      places(clock, 'another-secret-of-another-fleet').give(clock.time).text,
      earlier,
      `${place.text.slice(0, -2)}AA`,
      own.give(clock.time - PLACE_LIFE_MS - 1).text,
      own.give(clock.time + 61_000).text,
      'x'.repeat(100_000),
      '',
      undefined,
    ])
      expect(own.read(text)).toBeUndefined();
  });

  test('without a secret counts at the front that gave it alone', () => {
    const clock = new TestClock();
    const own = places(clock);
    const place = own.give(clock.time);
    expect(own.read(place.text)).toEqual(place);
    expect(places(clock).read(place.text)).toBeUndefined();
  });

  test('given to readers in one millisecond is different for each, and has an order', () => {
    const clock = new TestClock();
    const own = places(clock, SECRET);
    const [one, other, later] = [own.give(5), own.give(5), own.give(6)];
    expect(one.text).not.toBe(other.text);
    expect([other, one].sort(byArrival)).toEqual([one, other]);
    expect([later, one].sort(byArrival)).toEqual([one, later]);
  });
});

describe('an address', () => {
  const clock = new TestClock();
  const place = places(clock, SECRET).give(clock.time);

  test.each(['/tree', '/a%20b?x=%22&y', '/?tmpfleet-place=mine', '/?&&x=1&'])(
    '%s is the same without the place',
    (address) => {
      const [, query = ''] = withPlace(address, place).split('?');
      expect(splitPlace(query)).toEqual({
        query: address.split('?')[1] ?? '',
        place: place.text,
        isPatient: false,
      });
      expect(splitPlace(patiently(query))).toEqual({ ...splitPlace(query), isPatient: true });
    },
  );

  test('keeps what only looks like a place', () => {
    const query = `tmpfleet-place=&tmpfleet-place=x&y=tmpfleet-place=${place.text}`;
    expect(splitPlace(query)).toEqual({ query, place: undefined, isPatient: false });
  });
});
