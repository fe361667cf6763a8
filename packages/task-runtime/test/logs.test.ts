import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { attemptLogKey } from '../src/index.ts';
import { eventually, PoolFixture } from './support/pool-fixture.ts';

let fixture: PoolFixture;

beforeAll(async () => {
  fixture = await PoolFixture.start({ limits: { outputBytes: 2 * 1_048_576 } });
});

afterAll(() => fixture.stop());

describe('the log of an attempt', () => {
  test('has its output and its structured lines in order', async () => {
    const ended = await fixture.run(
      `task('t', ({ log }) => { console.log('one'); log.info('two', { n: 2n, error: new TypeError('e') }); console.error('three'); process.stdout.write('fo'); process.stdout.write('ur\\r\\n'); process.stderr.write('no line end'); });`,
    );
    expect(fixture.logOf(ended)).toMatchObject([
      { level: 'info', stream: 'stdout', message: 'one' },
      { level: 'info', stream: 'task', message: 'two', fields: { n: '2', error: { name: 'TypeError', message: 'e' } } },
      { level: 'warn', stream: 'stderr', message: 'three' },
      { level: 'info', stream: 'stdout', message: 'four' },
      { level: 'warn', stream: 'stderr', message: 'no line end' },
    ]);
    expect(Date.parse(fixture.logOf(ended)[0]?.ts ?? '')).not.toBeNaN();
  });

  test('has what native code and programs wrote', async () => {
    const ended = await fixture.run(
      `task('t', async () => { (await import('node:child_process')).execSync('echo from a program; echo to stderr >&2', { stdio: 'inherit' }); (await import('node:fs')).writeSync(1, 'straight to the descriptor\\n'); });`,
    );
    expect(fixture.messagesOf(ended)).toEqual(expect.arrayContaining(['from a program', 'to stderr', 'straight to the descriptor']));
  });

  test('has nothing that an earlier attempt left running in the process', async () => {
    const first = await fixture.run(
      `task('t', () => { globalThis.beat = setInterval(() => console.log('leftover of the first'), 1); setTimeout(() => process.stderr.write('late'), 5); });`,
    );
    const second = await fixture.run(
      `task('t', async () => { const here = typeof globalThis.beat; await new Promise((resolve) => setTimeout(resolve, 100)); clearInterval(globalThis.beat); console.log('the second, timer: ' + here); });`,
    );
    // In the same process, or the test would prove nothing.
    expect(fixture.messagesOf(second)).toEqual(['the second, timer: object']);
    expect(fixture.messagesOf(first)).not.toContain('late');
  });

  test('keeps characters whole that were written in pieces', async () => {
    const ended = await fixture.run(
      `task('t', () => { const bytes = Buffer.from('grüße €\\n'); for (const byte of bytes) process.stdout.write(Uint8Array.of(byte)); });`,
    );
    expect(fixture.messagesOf(ended)).toEqual(['grüße €']);
  });

  test('is cut at its limit, with a marker, and the task still succeeds', async () => {
    const ended = await fixture.run(
      `task('t', () => { for (let i = 0; i < 50_000; i++) console.log('x'.repeat(1_000)); return 'done'; });`,
    );
    expect(ended).toMatchObject({ report: { outcome: 'success' }, result: { json: '"done"' } });
    const size = fixture.objects.objects.get(ended.logKey ?? '')?.length ?? 0;
    expect(size).toBeGreaterThan(2_000_000);
    expect(size).toBeLessThan(2_400_000);
    expect(fixture.messagesOf(ended).at(-1)).toContain('limit of 2 MiB');
    expect(await fixture.scratchLeft()).toEqual([]);
  });

  test('cuts a line that is too long and goes on', async () => {
    const ended = await fixture.run(`task('t', () => { process.stdout.write('y'.repeat(200_000)); console.log(); console.log('next'); });`);
    const [long, next] = fixture.messagesOf(ended);
    expect(long?.length).toBeLessThanOrEqual(65_536);
    expect(long).toContain('was cut');
    expect(next).toBe('next');
  });

  test('and the reported error hide the secrets of connections', async () => {
    const connections = [{ id: 'pos', url: 'postgres://reader:p%40ss-w0rd-x@tills/pos?sslkey=abcdefgh' }];
    const ended = await fixture.run(
      `task('t', ({ connection, log }) => { const { url } = connection('pos'); console.log('url ' + url); log.info('pw p@ss-w0rd-x', { nested: [{ url }] }); throw new Error('cannot reach ' + url); });`,
      { connections },
    );
    const text = JSON.stringify([fixture.logOf(ended), ended.report]);
    expect(text).toContain('***');
    for (const secret of ['p%40ss-w0rd-x', 'p@ss-w0rd-x', 'abcdefgh']) expect(text).not.toContain(secret);
  });

  test('hides a secret that lies across the place where a line is cut', async () => {
    const secret = 's3cr3t-'.repeat(400);
    const connections = [{ id: 'pos', url: `postgres://reader:${secret}@tills/pos` }];
    const ended = await fixture.run(
      `task('t', ({ connection, log }) => {
        const { url } = connection('pos');
        process.stdout.write('x'.repeat(65_000)); process.stdout.write(url + 'y'.repeat(100_000) + '\\n');
        log.info('x'.repeat(65_000) + url + 'y'.repeat(100_000));
        log.info('x'.repeat(65_536 + 8_192 - 1_000) + url);
      });`,
      { connections },
    );
    const messages = fixture.messagesOf(ended);
    expect(messages).toHaveLength(3);
    for (const message of messages) {
      expect(message.length).toBeLessThanOrEqual(65_536);
      expect(message).toContain('was cut');
      expect(message).not.toContain('s3cr3t');
    }
  });

  test('of binary output is JSON line by line, with a mark for each byte that is no text', async () => {
    const ended = await fixture.run(
      `task('t', () => { process.stdout.write(Buffer.from([0, 255, 254, 27, 10, 0xe2, 0x82])); process.stderr.write('\\ud83d'); });`,
    );
    expect(fixture.messagesOf(ended)).toEqual(['\0\ufffd\ufffd\u001b', '\ufffd', expect.any(String)]);
  });

  test('takes a million lines, keeps to its limit, and ends with the last word', async () => {
    const ended = await fixture.run(
      `task('t', () => { let text = ''; for (let i = 0; i < 1_000_000; i++) { text += i + '\\n'; if (text.length > 60_000) { process.stdout.write(text); text = ''; } } process.stdout.write(text); throw new Error('the last word'); });`,
    );
    const size = fixture.objects.objects.get(ended.logKey ?? '')?.length ?? 0;
    expect(size).toBeLessThan(2_400_000);
    const messages = fixture.messagesOf(ended);
    expect(messages.slice(0, 3)).toEqual(['0', '1', '2']);
    expect(messages.at(-1)).toContain('the last word');
    expect(messages.at(-2)).toContain('limit of 2 MiB');
  });

  test('can be read while the task runs', async () => {
    const stop = new AbortController();
    const attempt = fixture.attempt({ taskInstanceId: 'live', runId: 'live' });
    const ended = fixture.run(
      `task('t', async ({ signal }) => { console.log('first line'); await new Promise((resolve) => signal.addEventListener('abort', resolve)); console.log('last line'); });`,
      { signal: stop.signal, attempt },
    );
    const key = attemptLogKey(attempt);
    await eventually('the log is published', () => fixture.objects.objects.has(key));
    expect(fixture.objects.objects.get(key)?.toString()).toContain('first line');
    stop.abort('interrupted');
    expect(fixture.messagesOf(await ended)).toEqual(['first line', 'last line']);
  });

  test('lies under a key that no id can lead astray', () => {
    expect(attemptLogKey({ dagId: '..', runId: 'a/b:c', taskId: 'x'.repeat(300), mapIndex: -1, attempt: 2 })).toMatch(
      /^logs\/%2E%2E\/a%2Fb%3Ac\/x{167}-[0-9a-f]{32}\/-1\/2\.jsonl$/,
    );
  });
});
