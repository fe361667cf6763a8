import { EventEmitter, once } from 'node:events';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type pg from 'pg';
import { CopiedRows, type CopyForm } from '../src/postgres/copied-rows.ts';

/** A server's side of `COPY … TO STDOUT`, as far as its client sees it. */
class Wire extends EventEmitter {
  readonly #pieces: Buffer[] = [];
  readonly #waiting: (() => void)[] = [];
  #flowing = true;
  part: { handleCommandComplete(message: { readonly text: string }): void; handleError(error: Error): void } | undefined;
  /** What the client itself was given: what is not rows. */
  readonly given: Buffer[] = [];
  readonly client = {
    query: (part: pg.Submittable & NonNullable<Wire['part']>): void => {
      this.part = part;
      part.submit({ stream: this, query: () => {} } as unknown as pg.Connection);
    },
  } as unknown as pg.Client;

  constructor(messages: Buffer, cuts: readonly number[]) {
    super();
    this.on('data', (chunk: Buffer) => this.given.push(chunk));
    let at = 0;
    for (let cut = 0; at < messages.length; cut += 1) {
      const to = at + (cuts[cut % cuts.length] ?? messages.length);
      // A copy: what is read is its reader's.
      this.#pieces.push(Buffer.from(messages.subarray(at, to)));
      at = to;
    }
  }
  pause(): void {
    this.#flowing = false;
  }
  resume(): void {
    this.#flowing = true;
    for (const go of this.#waiting.splice(0)) go();
  }
  async play(): Promise<void> {
    for (const piece of this.#pieces) {
      await new Promise<void>((done) => setImmediate(done));
      if (!this.#flowing) await new Promise<void>((go) => this.#waiting.push(go));
      this.emit('data', piece);
    }
  }
}

const message = (letter: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(letter);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const SIGNATURE = Buffer.concat([Buffer.from('PGCOPY\n\xff\r\n\0', 'latin1'), Buffer.alloc(8)]);
const END = Buffer.from([0xff, 0xff]);
const ROW_SIZES = fc.oneof(
  { weight: 60, arbitrary: fc.integer({ min: 0, max: 300 }) },
  { weight: 1, arbitrary: fc.constant((1 << 20) + 70_000) },
);

const PART = fc.oneof(
  { weight: 6, arbitrary: fc.array(ROW_SIZES, { maxLength: 40 }) },
  { weight: 1, arbitrary: fc.integer({ min: 900, max: 2_300 }).map((rows) => Array.from({ length: rows }, () => 3)) },
);

/** A thousand rows of each, again and again. */
function inTurns(parts: readonly (readonly Buffer[])[]): readonly Buffer[] {
  const longest = Math.max(...parts.map(({ length }) => length));
  const turns = Array.from({ length: Math.ceil(longest / 1_000) }, (_, turn) => turn * 1_000);
  return turns.flatMap((from) => parts.flatMap((rows) => rows.slice(from, from + 1_000)));
}

/** Rows that say whose they are and which, in the form of the stream. */
function rowsOf(part: number, sizes: readonly number[], form: CopyForm): readonly Buffer[] {
  return sizes.map((size, index) => {
    const text = `${part}:${index}:${'x'.repeat(size)}`;
    return form === 'binary' ? Buffer.concat([Buffer.from([0, 1]), Buffer.from(text), Buffer.from([0])]) : Buffer.from(`${text}\n`);
  });
}

function copying(rows: readonly Buffer[], form: CopyForm): Buffer {
  const [first = END, ...others] = form === 'binary' ? [...rows, END] : rows;
  const bodies = form === 'binary' ? [Buffer.concat([SIGNATURE, first]), ...others] : rows;
  const between = bodies.flatMap((body, index) => [
    ...(index % 3 === 1 ? [message('N', Buffer.from('a notice'))] : []),
    message('d', body),
  ]);
  return Buffer.concat([message('H', Buffer.alloc(3)), ...between, message('c', Buffer.alloc(0)), message('C', Buffer.from('COPY\0'))]);
}

test('rows of several connections are joined between rows and in turns, however the bytes are cut on their way', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom<CopyForm>('csv', 'binary'),
      fc.array(PART, { minLength: 1, maxLength: 4 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 100, max: 65_536 })), { minLength: 1, maxLength: 6 }),
      async (form, parts, cuts) => {
        const rows = parts.map((sizes, part) => rowsOf(part, sizes, form));
        // Long rows in pieces of a byte would take all day.
        const wide = parts.flat().some((size) => size > 300);
        const wires = rows.map(
          (each) => new Wire(copying(each, form), wide ? [65_536, ...cuts.filter((cut) => cut > 60)] : [300, ...cuts]),
        );
        const stream = new CopiedRows(
          wires.map(({ client }) => ({ client, sql: '' })),
          form,
        );
        const chunks: Buffer[] = [];
        stream.on('data', (chunk: Buffer) => chunks.push(chunk));
        const ended = once(stream, 'end');
        await Promise.all(
          wires.map(async (wire, part) => {
            await wire.play();
            wire.part?.handleCommandComplete({ text: `COPY ${rows[part]?.length}` });
          }),
        );
        await ended;
        const all = Buffer.concat(chunks);
        const body = form === 'binary' ? all.subarray(SIGNATURE.length, all.length - END.length) : all;
        if (form === 'binary') expect([all.subarray(0, SIGNATURE.length), all.subarray(-END.length)]).toEqual([SIGNATURE, END]);
        const wanted = Buffer.concat(inTurns(rows));
        expect(body.length).toBe(wanted.length);
        expect(body.equals(wanted)).toBe(true);
        const total = rows.flat();
        expect([stream.rowCount, stream.passed.rows, stream.passed.bytes]).toEqual([total.length, total.length, body.length]);
        for (const { given } of wires) expect(Buffer.concat(given).toString()).toContain('COPY');
      },
    ),
    { numRuns: 100 },
  );
}, 60_000);

test('the first error of one connection ends all, and is left to its client to read', async () => {
  const failing = new Wire(
    Buffer.concat([message('H', Buffer.alloc(3)), message('d', Buffer.from('1\n')), message('E', Buffer.from('bad'))]),
    [7],
  );
  const other = new Wire(copying(rowsOf(1, [1, 2, 3], 'csv'), 'csv'), [9]);
  const stream = new CopiedRows(
    [failing, other].map(({ client }) => ({ client, sql: '' })),
    'csv',
  );
  stream.resume();
  const failed = once(stream, 'close').catch((error: unknown) => error);
  const error = new Promise((resolve) => stream.once('error', resolve));
  await failing.play();
  failing.part?.handleError(new Error('the first'));
  other.part?.handleError(new Error('because the first was'));
  await expect(error).resolves.toMatchObject({ message: 'the first' });
  await failed;
  expect(Buffer.concat(failing.given).toString()).toContain('bad');
});
