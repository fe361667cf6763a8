import { describe, expect, test } from '@jest/globals';
import { CRON_MACROS, InvalidCronError, parseCron } from '../src/index.ts';

const values = (set: ReadonlySet<number>): readonly number[] => [...set].sort((a, b) => a - b);

describe('a cron expression', () => {
  test('gives the minutes of the day in order', () => {
    expect(parseCron('5,1 3,2 * * *').times).toEqual([121, 125, 181, 185]);
    expect(parseCron('50-59/4 0 * * *').times).toEqual([50, 54, 58]);
    expect(parseCron('50/4 0 * * *').times).toEqual([50, 54, 58]);
    expect(parseCron('* 23 * * *').times).toHaveLength(60);
    expect(parseCron('* * * * *').times).toEqual(Array.from({ length: 1_440 }, (_, minute) => minute));
    expect(parseCron('0 0 * * *').times).toEqual([0]);
    expect(parseCron('59 23 * * *').times).toEqual([1_439]);
  });

  test('takes names in any case, ranges of names, and 0 and 7 for Sunday', () => {
    expect(values(parseCron('0 0 * JAN,mar-May *').months)).toEqual([1, 3, 4, 5]);
    expect(values(parseCron('0 0 * 11-dec *').months)).toEqual([11, 12]);
    expect(values(parseCron('0 0 * * MON-wed,7').days.ofWeek)).toEqual([0, 1, 2, 3]);
    expect(values(parseCron('0 0 * * 5-7').days.ofWeek)).toEqual([0, 5, 6]);
    expect(values(parseCron('0 0 * * fri-sun').days.ofWeek)).toEqual([0, 5, 6]);
    expect(values(parseCron('0 0 * * 0-2').days.ofWeek)).toEqual([0, 1, 2]);
    expect(values(parseCron('0 0 * * 0').days.ofWeek)).toEqual([0]);
    expect(values(parseCron('0 0 * * sun-sat').days.ofWeek)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    expect(values(parseCron('0 0 * * 1/2').days.ofWeek)).toEqual([1, 3, 5]);
    expect(values(parseCron('0 0 * * 7/2').days.ofWeek)).toEqual([0]);
    expect(values(parseCron('0 0 * * */2').days.ofWeek)).toEqual([0, 2, 4, 6]);
    expect(values(parseCron('0 0 */10 * *').days.ofMonth)).toEqual([1, 11, 21, 31]);
    expect(values(parseCron('0 0 * */5 *').months)).toEqual([1, 6, 11]);
  });

  test('knows every name', () => {
    const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
    const weekdays = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
    expect(months.map((name) => values(parseCron(`0 0 1 ${name} *`).months))).toEqual(months.map((_, index) => [index + 1]));
    expect(weekdays.map((name) => values(parseCron(`0 0 * * ${name}`).days.ofWeek))).toEqual(weekdays.map((_, index) => [index]));
  });

  test('takes last days and nth days, in lists too', () => {
    expect(parseCron('0 0 l,3 * *').days).toMatchObject({ lastOfMonth: true, monthRestricts: true, weekRestricts: false });
    expect(values(parseCron('0 0 l,3 * *').days.ofMonth)).toEqual([3]);
    expect(parseCron('0 0 3 * *').days.lastOfMonth).toBe(false);
    expect(values(parseCron('0 0 * * 7L,monl').days.lastOfWeek)).toEqual([0, 1]);
    expect(parseCron('0 0 * * 7#1,tue#5').days.nth).toEqual([
      { weekday: 0, n: 1 },
      { weekday: 2, n: 5 },
    ]);
  });

  test('restricts nothing by a field that allows every value', () => {
    for (const field of ['*', '?', '*/1', '1-31', '1-15,16-31']) expect(parseCron(`0 0 ${field} * 1`).days.monthRestricts).toBe(false);
    for (const field of ['*', '?', '0-6', '1-7', 'mon-sun']) expect(parseCron(`0 0 1 * ${field}`).days.weekRestricts).toBe(false);
    expect(parseCron('0 0 1-30 * 1').days.monthRestricts).toBe(true);
    expect(parseCron('0 0 1 * 1-6').days.weekRestricts).toBe(true);
  });

  test('follows elapsed time when its hours are * or stepped', () => {
    expect(['*', '*/4', '8-18/2', '3/4'].map((hours) => parseCron(`0 ${hours} * * *`).elapsed)).toEqual([true, true, true, true]);
    expect(['0', '8-18', '0,12'].map((hours) => parseCron(`*/5 ${hours} */2 * */2`).elapsed)).toEqual([false, false, false]);
  });

  test('may be a macro', () => {
    for (const [macro, meaning] of CRON_MACROS) {
      expect({ ...parseCron(` ${macro.toUpperCase()} `), expression: '' }).toEqual({ ...parseCron(meaning), expression: '' });
    }
    expect([...CRON_MACROS]).toEqual([
      ['@hourly', '0 * * * *'],
      ['@daily', '0 0 * * *'],
      ['@midnight', '0 0 * * *'],
      ['@weekly', '0 0 * * 0'],
      ['@monthly', '0 0 1 * *'],
      ['@yearly', '0 0 1 1 *'],
      ['@annually', '0 0 1 1 *'],
    ]);
  });

  test('may have any white space between its fields, and keeps its text', () => {
    expect(parseCron('  5\t4  1 1 * ').times).toEqual([245]);
    expect(parseCron('  5\t4  1 1 * ').expression).toBe('  5\t4  1 1 * ');
  });
});

const FIVE = 'expected 5 fields (minute, hour, day of month, month and day of week), or 6 with seconds first, found';

test.each([
  ['', 0, `${FIVE} 0`],
  ['* * * *', 7, `${FIVE} 4`],
  ['0 0 * * * * *', 12, `${FIVE} 7`],
  ['60 0 * * * *', 0, 'second 60 is not within 0-59'],
  ['x 0 * * * *', 0, '"x" is not a second'],
  ['60 * * * *', 0, 'minute 60 is not within 0-59'],
  ['1,2,60 * * * *', 4, 'minute 60 is not within 0-59'],
  ['* 24 * * *', 2, 'hour 24 is not within 0-23'],
  ['* * 0 * *', 4, 'day of month 0 is not within 1-31'],
  ['* * 32 * *', 4, 'day of month 32 is not within 1-31'],
  ['* * * 13 *', 6, 'month 13 is not within 1-12'],
  ['* * * 0 *', 6, 'month 0 is not within 1-12'],
  ['* * * * 8', 8, 'day of week 8 is not within 0-7'],
  ['* * * * 8L', 8, 'day of week 8 is not within 0-7'],
  ['* * * * 9#1', 8, 'day of week 9 is not within 0-7'],
  ['a * * * *', 0, '"a" is not a minute'],
  ['-1 * * * *', 0, 'a minute is missing'],
  ['1- * * * *', 2, 'a minute is missing'],
  ['1.5 * * * *', 0, '"1.5" is not a minute'],
  ['1, * * * *', 2, 'a minute is missing'],
  ['1-5-7 * * * *', 2, '"5-7" is not a minute'],
  ['10-5 * * * *', 0, 'the minute range 10-5 runs backwards: write it as two ranges'],
  ['* 22-2 * * *', 2, 'the hour range 22-2 runs backwards: write it as two ranges'],
  ['* * * * sat-mon', 8, 'the day of week range sat-mon runs backwards: write it as two ranges'],
  ['*/0 * * * *', 2, 'the step of the minute must be a whole number from 1'],
  ['*/ * * * *', 2, 'the step of the minute must be a whole number from 1'],
  ['*/x * * * *', 2, 'the step of the minute must be a whole number from 1'],
  ['*/x5 * * * *', 2, 'the step of the minute must be a whole number from 1'],
  ['*/5x * * * *', 2, 'the step of the minute must be a whole number from 1'],
  ['* * 3L * *', 4, '"3L" is not a day of month'],
  ['* * LW * *', 4, '"LW" is not a day of month'],
  ['* * * * 5LL', 8, '"5L" is not a day of week'],
  ['* * * * 5LW', 8, '"5LW" is not a day of week'],
  ['* * * * ?5L', 8, '"?5L" is not a day of week'],
  ['1/2/3 * * * *', 3, 'a second "/"'],
  ['? * * * *', 0, '"?" is not a minute'],
  ['L * * * *', 0, '"L" is not a minute'],
  ['* * 15W * *', 4, '"15W" is not a day of month'],
  ['* * * jann *', 6, '"jann" is not a month'],
  ['* * * * L', 8, '"L" is not a day of week'],
  ['* * * * mon#0', 12, 'after # comes a number from 1 to 5'],
  ['* * * * mon#', 12, 'after # comes a number from 1 to 5'],
  ['* * * * 1#6', 10, 'after # comes a number from 1 to 5'],
  ['* * * * 1#55', 10, 'after # comes a number from 1 to 5'],
  ['0 0 30 2 *', 4, 'it never fires: no such day in these months'],
  ['0 0 31 2,4,6,9,11 *', 4, 'it never fires: no such day in these months'],
  [' @once', 1, 'there is no "@once"; there are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually'],
  ['00000 * * * *', 0, '"00000" is not a minute'],
])('"%s" is refused at %i', (expression, position, what) => {
  expect(() => parseCron(expression)).toThrow(new InvalidCronError(expression, position, what));
  try {
    parseCron(expression);
  } catch (error) {
    expect(error).toMatchObject({
      name: 'InvalidCronError',
      code: 'HR_INVALID_CRON',
      expression,
      position,
      message: `Cron expression "${expression}", at character ${position + 1}: ${what}`,
    });
  }
});
