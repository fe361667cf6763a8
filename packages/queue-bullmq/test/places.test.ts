import { describe, expect, test } from '@jest/globals';
import { Places } from '../src/places.ts';

const never = new AbortController().signal;

describe('places', () => {
  test('are granted up to the limit, then in the order asked for', async () => {
    const places = new Places(1);
    expect(await places.take('a', never)).toBe(true);
    const order: string[] = [];
    const second = places.take('b', never).then(() => order.push('b'));
    const third = places.take('c', never).then(() => order.push('c'));
    places.release();
    await second;
    expect(order).toEqual(['b']);
    places.release();
    await third;
    expect(order).toEqual(['b', 'c']);
  });

  test('a raised limit grants at once, a lowered one grants nothing until enough were given back', async () => {
    const places = new Places(1);
    await places.take('a', never);
    const waiting = places.take('a', never);
    places.setLimit(2);
    expect(await waiting).toBe(true);
    places.setLimit(1);
    expect(places.mayKeep('a')).toBe(false);
    let granted = false;
    const late = places.take('a', never).then(() => {
      granted = true;
    });
    places.release();
    await Promise.resolve();
    expect(granted).toBe(false);
    places.release();
    await late;
    expect(places.used).toBe(1);
  });

  test('whoever lost patience or was stopped takes no place', async () => {
    const places = new Places(1);
    await places.take('a', never);
    expect(await places.take('b', never, 1)).toBe(false);
    const stop = new AbortController();
    const stopped = places.take('b', stop.signal);
    stop.abort();
    expect(await stopped).toBe(false);
    places.release();
    expect(places.used).toBe(0);
  });

  test('a place may be kept unless another queue waits', async () => {
    const places = new Places(1);
    await places.take('a', never);
    const stop = new AbortController();
    const own = places.take('a', stop.signal);
    expect(places.mayKeep('a')).toBe(true);
    const other = places.take('b', stop.signal);
    expect(places.mayKeep('a')).toBe(false);
    stop.abort();
    expect(await Promise.all([own, other])).toEqual([false, false]);
  });

  test.each([-1, 1.5, Number.NaN])('%d is no limit', (limit) => {
    expect(() => new Places(limit)).toThrow(RangeError);
  });
});
