import { describe, expect, test } from '@jest/globals';
import { createLog, type LogOptions } from '../src/index.ts';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', name: 'worker', ...options, destination: { write: (line) => void lines.push(line) } });
  return { log, lines, records: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe('a log', () => {
  test('writes one JSON object a line, with the fields of its parents', () => {
    const { log, lines, records } = capture();
    log
      .child({ dagId: 'sales' })
      .child({ attempt: 2 })
      .info({ rows: 5n, at: new Date(0) }, 'Loaded');
    expect(lines[0]?.endsWith('}\n')).toBe(true);
    expect(records()[0]).toMatchObject({
      level: 'info',
      name: 'worker',
      dagId: 'sales',
      attempt: 2,
      rows: '5',
      at: '1970-01-01T00:00:00.000Z',
      msg: 'Loaded',
    });
  });

  test('writes nothing below its level', () => {
    const { log, lines } = capture({ level: 'warn' });
    log.info({}, 'no');
    log.warn({}, 'yes');
    expect(lines).toHaveLength(1);
  });

  test.each([
    'password',
    'PGPASSWORD',
    'clientSecret',
    'token',
    'access_token',
    'Authorization',
    'api_key',
    'x-api-key',
    'privateKey',
    'set-cookie',
  ])('masks the field %s at any depth', (key) => {
    const { log, lines } = capture();
    log.info({ [key]: 'visible', deep: [{ [key]: { inner: 'visible' } }] }, 'x');
    log.child({ [key]: 'visible' }).info({}, 'x');
    expect(lines.join('')).not.toContain('visible');
    expect(lines.join('')).toContain('***');
  });

  test('masks known values and passwords in URLs, wherever they stand', () => {
    const { log, lines } = capture({ secrets: ['correct horse'] });
    const error = new Error('cannot log in to postgres://app:battery@db:5432/x with correct horse', { cause: new Error('correct horse') });
    log.error(
      { err: error, list: ['correct horse'], map: new Map([['a', 'correct horse']]) },
      'redis://:staple@cache failed: correct horse',
    );
    const text = lines.join('');
    for (const secret of ['correct horse', 'battery', 'staple']) expect(text).not.toContain(secret);
    expect(text).toContain('postgres://app:***@db:5432/x');
  });

  test('keeps type, message, stack, code and cause of an error', () => {
    const { log, records } = capture();
    log.error({ err: Object.assign(new TypeError('bad', { cause: new Error('root') }), { code: 'HR_X' }) }, 'x');
    expect(records()[0]?.err).toMatchObject({
      type: 'TypeError',
      message: 'bad',
      code: 'HR_X',
      stack: expect.stringContaining('log.test.ts'),
      cause: { message: 'root' },
    });
  });

  test('never throws at what it is given', () => {
    const circle: Record<string, unknown> = { name: 'circle' };
    circle.self = circle;
    const { log, records } = capture();
    log.info({ circle, fn: () => 1, symbol: Symbol('s'), nothing: undefined, bytes: new Uint8Array(3), when: new Date(Number.NaN) }, 'x');
    expect(records()[0]).toMatchObject({ circle: { self: '[circular]' }, fn: '[function fn]', bytes: '[3 bytes]', when: 'Invalid Date' });
  });

  test('reads well in a terminal when asked to', () => {
    const { log, lines } = capture({ pretty: true });
    log.warn({ queue: 'extract', note: 'two words', err: new Error('why') }, 'Lost the queue');
    expect(lines[0]).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} warn {2}worker: Lost the queue {2}queue=extract {2}note="two words" {2}err="why"\nError: why\n/,
    );
  });
});
