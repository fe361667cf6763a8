/**
 * Cron by brute force: looks at what the local clock shows at every UTC minute, and compares the fields one by one. Knows no ranges of days, no jumps, and nothing of the core.
 */
const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

/** The local clock at an instant, as numbers. */
interface LocalTime {
  readonly month: number;
  readonly day: number;
  readonly year: number;
  readonly hour: number;
  readonly minute: number;
}

const formats = new Map<string, Intl.DateTimeFormat>();

export function localTime(zone: string, instant: number): LocalTime {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
    formats.set(zone, format);
  }
  const [month = 0, day = 0, year = 0, hour = 0, minute = 0] = format.format(instant).split(/\D+/).map(Number);
  return { month, day, year, hour, minute };
}

/** Whether one field of numbers, `*`, ranges, steps and lists allows a value. */
function allows(field: string, value: number, max: number): boolean {
  return field.split(',').some((item) => {
    const [span = '', step = '1'] = item.split('/');
    const [low, high] =
      span === '*' ? [0, max] : span.includes('-') ? span.split('-').map(Number) : [Number(span), item.includes('/') ? max : Number(span)];
    const start = span === '*' && max !== 59 && max !== 23 && max !== 6 ? 1 : (low ?? 0);
    return value >= start && value <= (high ?? max) && (value - start) % Number(step) === 0;
  });
}

/** Whether an expression allows what a clock shows. */
function matcher(expression: string): (clock: LocalTime) => boolean {
  const [m = '', h = '', dom = '', mon = '', dow = ''] = expression.split(' ');
  const allowed = (field: string, least: number, max: number): ReadonlySet<number> => {
    const every = Array.from({ length: max - least + 1 }, (_, index) => least + index);
    return new Set(every.filter((value) => allows(field, value, max)));
  };
  const [minutes, hours, days, months, weekdays] = [
    allowed(m, 0, 59),
    allowed(h, 0, 23),
    allowed(dom, 1, 31),
    allowed(mon, 1, 12),
    allowed(dow, 0, 6),
  ];
  return ({ month, day, year, hour, minute }) => {
    if (!minutes.has(minute) || !hours.has(hour) || !months.has(month)) return false;
    const byMonth = days.has(day);
    const byWeek = weekdays.has(new Date(Date.UTC(year, month - 1, day)).getUTCDay());
    return days.size === 31 || weekdays.size === 7 ? byMonth && byWeek : byMonth || byWeek;
  };
}

/** What a clock shows, as a number that grows with the time shown. */
const shown = ({ year, month, day, hour, minute }: LocalTime): number => Date.UTC(year, month - 1, day, hour, minute);

export interface Scan {
  readonly instants: readonly number[];
  readonly clocks: readonly LocalTime[];
  readonly shown: readonly number[];
}

const HOUR = 60 * MINUTE;

/**
 * The local clock at every minute of [from, to]. Where the runtime says that an hour's ends are an hour apart on the clock, the minutes
 * between are counted; everywhere else it is asked for each.
 */
export function scan(zone: string, from: number, to: number): Scan {
  const instants: number[] = [];
  const clocks: LocalTime[] = [];
  let hourEnd = Number.NEGATIVE_INFINITY;
  let steady: number | undefined;
  for (let instant = Math.ceil(from / MINUTE) * MINUTE; instant <= to; instant += MINUTE) {
    if (instant >= hourEnd) {
      hourEnd = instant + HOUR;
      const offset = shown(localTime(zone, instant)) - instant;
      steady = shown(localTime(zone, hourEnd)) - hourEnd === offset ? offset : undefined;
    }
    instants.push(instant);
    clocks.push(steady === undefined ? localTime(zone, instant) : clockOf(instant + steady));
  }
  return { instants, clocks, shown: clocks.map(shown) };
}

/** The inverse of `shown`. */
function clockOf(time: number): LocalTime {
  const date = new Date(time);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
  };
}

/** All fires within the scanned time. For fixed hours the scan should reach a day further than what is asked. */
export function firesIn(expression: string, seen: Scan): readonly number[] {
  const elapsed = /[*/]/.test(expression.split(' ')[1] ?? '');
  const { instants, clocks } = seen;
  const matches = matcher(expression);
  if (elapsed) return instants.filter((_, index) => matches(clocks[index] ?? never()));
  const fires = new Set<number>();
  const firstShown = new Map<number, number>();
  const days = new Set<number>();
  for (const [index, time] of seen.shown.entries()) {
    if (!firstShown.has(time)) firstShown.set(time, instants[index] ?? 0);
    days.add(Math.floor(time / (1_440 * MINUTE)));
  }
  const first = Math.min(...seen.shown);
  const last = Math.max(...seen.shown);
  for (let time = first; time <= last; time += MINUTE) {
    if (!days.has(Math.floor(time / (1_440 * MINUTE)))) continue;
    if (!matches(clockOf(time))) continue;
    const instant = firstShown.get(time) ?? instants[seen.shown.findIndex((other) => other > time)];
    if (instant !== undefined) fires.add(instant);
  }
  return [...fires].sort((a, b) => a - b);
}

function never(): never {
  throw new Error('An empty scan');
}

const SECOND = 1_000;

/**
 * Fires of an expression of six fields, seconds first, by looking at every second. An offset of a zone is a whole number of minutes
 * since 1972, so that the local second is the UTC second.
 */
export function firesBySecond(expression: string, zone: string, from: number, to: number): readonly number[] {
  const [seconds = '', ...rest] = expression.split(' ');
  const matches = matcher(rest.join(' '));
  const elapsed = /[*/]/.test(rest[1] ?? '');
  const known = new Map<number, LocalTime>();
  const clock = (instant: number): LocalTime => {
    const minute = Math.floor(instant / MINUTE) * MINUTE;
    const time = known.get(minute) ?? localTime(zone, minute);
    known.set(minute, time);
    return time;
  };
  const allowed = new Set(Array.from({ length: 60 }, (_, second) => second).filter((second) => allows(seconds, second, 59)));
  const fires: number[] = [];
  /** Local seconds that the clock has shown, or passed over. */
  let shownUpTo = shown(clock(from)) + (from % MINUTE) - SECOND;
  for (let instant = from; instant <= to; instant += SECOND) {
    const time = shown(clock(instant)) + (instant % MINUTE);
    if (elapsed) {
      if (allowed.has((instant % MINUTE) / SECOND) && matches(clock(instant))) fires.push(instant);
      continue;
    }
    // Every local second up to now that has not been shown before, on a day that is shown at all.
    let due = false;
    for (let local = shownUpTo + SECOND; local <= time && !due; local += SECOND) {
      if (!allowed.has((((local % MINUTE) + MINUTE) % MINUTE) / SECOND)) continue;
      const date = new Date(local);
      const day = { year: date.getUTCFullYear(), month: date.getUTCMonth() + 1, day: date.getUTCDate() };
      const isShown =
        local === time || Math.floor(local / DAY) === Math.floor(time / DAY) || Math.floor(local / DAY) === Math.floor(shownUpTo / DAY);
      due = isShown && matches({ ...day, hour: date.getUTCHours(), minute: date.getUTCMinutes() });
    }
    if (due) fires.push(instant);
    shownUpTo = Math.max(shownUpTo, time);
  }
  return fires;
}

/** Every instant of [from, to) at which the zone's offset is another than the minute before. */
export function transitions(zone: string, from: number, to: number): readonly number[] {
  const offset = (instant: number): number => shown(localTime(zone, instant)) - instant;
  const found: number[] = [];
  for (let low = from; low < to; low += 1_440 * MINUTE) {
    const before = offset(low);
    let [known, changed] = [low, low + 1_440 * MINUTE];
    if (offset(changed) === before) continue;
    while (changed - known > MINUTE) {
      const middle = known + Math.floor((changed - known) / (2 * MINUTE)) * MINUTE;
      if (offset(middle) === before) known = middle;
      else changed = middle;
    }
    found.push(changed);
  }
  return found;
}
