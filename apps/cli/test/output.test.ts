import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { formatCsv } from '../src/output/csv.ts';
import { show } from '../src/output/show.ts';
import { formatTable, inTableStyle } from '../src/output/table.ts';
import { inPlace } from '../src/output/task-bar.ts';

const rows = [
  ['a', 'success', 'x'.repeat(60)],
  ['a rather long identifier', 'failed', 'short'],
] as const;
const table = (): string => formatTable(['dag', 'state', 'why'], rows);

function written(shown: Omit<Parameters<typeof show>[0], 'terminal'>, document: unknown, stdout = {}, env = {}): string {
  const texts: string[] = [];
  const sink = { write: (text: string) => texts.push(text), ...stdout };
  show({ ...shown, terminal: { env, stdout: sink, stderr: sink } }, document, table);
  return texts.join('');
}

describe('a table', () => {
  test('is as wide as it needs to be where it is piped, and has no colours', () => {
    expect(written({}, {})).toBe(table());
    expect(table()).toContain('x'.repeat(60));
  });

  test('fits into a terminal: its widest columns give way, short ones stay whole', () => {
    const lines = written({}, {}, { isTTY: true, columns: 50 }, { NO_COLOR: '1' }).trimEnd().split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(50);
    expect(lines[1]).toMatch(/^a +success +x+…$/);
    expect(lines[2]).toMatch(/ failed +short$/);
  });

  test('of a terminal that is too narrow is still a table', () => {
    const text = inTableStyle({ colours: false, width: 10 }, table);
    expect(text.split('\n')[2]).toBe('a rathe…  failed   short');
  });

  test('colours states on a terminal, unless NO_COLOR is set', () => {
    const tty = { isTTY: true, columns: 200 };
    expect(written({}, {}, tty)).toContain('\u001b[32msuccess\u001b[0m');
    expect(written({}, {}, tty, { NO_COLOR: '1' })).not.toContain('\u001b');
    expect(written({}, {}, tty, { TERM: 'dumb' })).not.toContain('\u001b');
    expect(written({}, {}, {}, { FORCE_COLOR: '1' })).toContain('\u001b[31mfailed\u001b[0m');
    expect(written({}, {}, {}, { FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain('\u001b');
  });
});

describe('a document', () => {
  const document = {
    runs: [
      { id: 'a', conf: { n: 1 } },
      { id: 'b,"c"\n', more: null, state: 'ok' },
    ],
    total_entries: 2,
  };

  test('is written as JSON and as YAML', () => {
    expect(JSON.parse(written({ output: 'json' }, document))).toEqual(document);
    expect(parse(written({ output: 'yaml' }, document))).toEqual(document);
    expect(JSON.parse(written({ json: true }, document))).toEqual(document);
  });

  test('becomes CSV: a row for each of its list, all fields as columns, what is nested as JSON', () => {
    expect(formatCsv(document)).toBe('id,conf,more,state\r\na,"{""n"":1}",,\r\n"b,""c""\n",,,ok\r\n');
    expect(formatCsv({ runs: [], total_entries: 0 })).toBe('\r\n');
    expect(formatCsv({ dag_id: 'a', tags: ['x'], paused: true })).toBe('dag_id,tags,paused\r\na,"[""x""]",true\r\n');
  });
});

test('a bar is drawn in place on a terminal, and nowhere else', () => {
  const texts: string[] = [];
  const piped = inPlace({ write: (text) => texts.push(text) });
  piped.show(1, 2, 'files');
  piped.end();
  expect(texts).toEqual([]);
  const bar = inPlace({ write: (text) => texts.push(text), isTTY: true, columns: 40 });
  bar.show(1, 2, 'files, and much more than fits into it');
  bar.end();
  expect(texts).toEqual(['\r\u001b[2K[############------------] 1/2 files, a', '\r\u001b[2K']);
});
