import { describe, expect, test } from '@jest/globals';
import { bytesText, describeProgress, durationText, progressEstimate } from '../src/index.ts';

describe('an estimate of progress', () => {
  test('has a speed, a share and a rest where there are figures for them', () => {
    expect(progressEstimate({ phase: 'reading', rows: 200, totalRows: 800, bytes: 1_000 }, 2_000)).toEqual({
      rowsPerSecond: 100,
      bytesPerSecond: 500,
      fraction: 0.25,
      remainingMs: 6_000,
    });
    expect(progressEstimate({ phase: 'reading', bytes: 50, totalBytes: 100 }, 1_000)).toEqual({
      bytesPerSecond: 50,
      fraction: 0.5,
      remainingMs: 1_000,
    });
    expect(progressEstimate({ phase: 'reading' }, 5_000)).toEqual({});
  });

  test('says nothing of speed in the first moment, and nothing of the rest before the first row', () => {
    expect(progressEstimate({ phase: 'reading', rows: 5, totalRows: 10 }, 100)).toEqual({ fraction: 0.5 });
    expect(progressEstimate({ phase: 'reading', rows: 0, totalRows: 10 }, 1_000)).toEqual({ rowsPerSecond: 0, fraction: 0 });
  });

  test('takes a total that was too low for nearly reached, and none of zero', () => {
    expect(progressEstimate({ phase: 'reading', rows: 30, totalRows: 10 }, 1_000).fraction).toBe(0.99);
    expect(progressEstimate({ phase: 'reading', rows: 3, totalRows: 0 }, 1_000)).not.toHaveProperty('fraction');
  });
});

describe('progress in words', () => {
  test('names what is known', () => {
    expect(describeProgress({ phase: 'writing', rows: 1_200_000, bytes: 45_200_000, totalRows: 3_600_000 }, 3_000)).toBe(
      'writing: 1,200,000 rows, 45.2 MB, 400,000 rows/s, 15.1 MB/s, 33 %, about 6 s left',
    );
    expect(describeProgress({ phase: 'checking' }, 3_000)).toBe('checking');
    expect(describeProgress({ phase: 'reading', rows: 1 }, 0)).toBe('reading: 1 row');
  });

  test.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [99_940, '99.9 kB'],
    [999_600, '1.0 MB'],
    [1_234_000_000, '1.2 GB'],
    [5e15, '5000 TB'],
  ])('%d bytes are %s', (bytes, text) => expect(bytesText(bytes)).toBe(text));

  test.each([
    [400, '0 s'],
    [59_400, '59 s'],
    [200_000, '3 min 20 s'],
    [7_500_000, '2 h 5 min'],
  ])('%d ms are %s', (ms, text) => expect(durationText(ms)).toBe(text));
});
