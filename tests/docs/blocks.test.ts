/** Every block of code in the documents for users is tried out, or says why not. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { createDagLoader } from '@headrace/dag-loader';
import { noMetrics, silentLog } from '@headrace/ports';
import { type DagDefinition, dag, variableId } from '@headrace/sdk';
import { simulate } from '@headrace/testing';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { parse as parseYaml } from 'yaml';
import { ROOT } from '../architecture/workspace.ts';
import { type Block, blocks, blocksOf, PROJECT, placeOf } from './blocks.ts';
import { compilerErrors } from './compile.ts';

const all = blocks();
const tried = all.filter(({ notRun }) => notRun === undefined);
const of = (language: string): readonly Block[] => tried.filter((block) => block.language === language && block.document !== PROJECT);

/** What says of each block what is wrong with it, for those with which something is. */
function wrong(list: readonly Block[], fault: (block: Block) => string | undefined): readonly string[] {
  return list.flatMap((block) => {
    const said = fault(block);
    return said === undefined ? [] : [`${placeOf(block)}: ${said}`];
  });
}

function faultOf(parse: (text: string) => unknown): (block: Block) => string | undefined {
  return ({ code }) => {
    try {
      parse(code);
      return undefined;
    } catch (error) {
      return String(error);
    }
  };
}

test('every block is in a language that is tried out here, or a picture', () => {
  const known = new Set(['ts', 'sh', 'json', 'yaml', 'sql', 'python', 'dockerfile', 'text', 'mermaid', '']);
  expect(wrong(all, ({ language }) => (known.has(language) ? undefined : `nothing tries out ${language}`))).toEqual([]);
  expect(all.length).toBeGreaterThan(150);
});

test('few blocks are not run, and each says why', () => {
  expect(all.filter(({ notRun }) => notRun !== undefined).map(placeOf)).toEqual([]);
  const [block] = blocksOf('x.md', 'Text\n\n<!-- not run: it takes a year -->\n\n```sh\nsleep 31536000\n```\n');
  expect(block).toEqual({ document: 'x.md', line: 6, language: 'sh', code: 'sleep 31536000\n', notRun: 'it takes a year' });
});

test('TypeScript compiles as it is written', () => {
  const texts = new Map(of('ts').map((block) => [placeOf(block), block.code]));
  expect(texts.size).toBeGreaterThan(40);
  const mistake = "import { dag } from '@headrace/sdk';\nexport default dag(1, {}, () => 1);\n";
  const errors = compilerErrors(new Map([...texts, ['a mistake', mistake]]));
  expect(errors.filter((error) => !error.startsWith('a mistake'))).toEqual([]);
  expect(errors).toHaveLength(1);
}, 60_000);

describe('DAGs', () => {
  const files = new Map(of('ts').flatMap((block, index) => (isOfSdk(block) ? [[`block_${index}.ts`, block] as const] : [])));
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'headrace-blocks-'));
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    mkdirSync(join(folder, 'dags'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    for (const [file, { code }] of files) writeFileSync(join(folder, 'dags', file), code);
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('are loaded by the loader', async () => {
    const loader = createDagLoader({ dagsDir: join(folder, 'dags'), cacheDir: join(folder, 'cache'), log: silentLog, metrics: noMetrics });
    try {
      const errors: string[] = [];
      for (const [file, block] of files) {
        if (!block.code.includes('export default dag(')) continue;
        const outcome = await loader.loadFile(file);
        if (!('dags' in outcome)) errors.push(`${placeOf(block)}: ${outcome.code} ${outcome.message}`);
        else if (outcome.dags.length === 0) errors.push(`${placeOf(block)}: it has no DAG`);
      }
      expect(errors).toEqual([]);
    } finally {
      await loader.close();
    }
  }, 120_000);

  test('run in the simulator: with their functions, unless these speak to a system', async () => {
    const errors: string[] = [];
    let ran = 0;
    for (const [file, block] of files) {
      const module = (await import(pathToFileURL(join(folder, 'dags', file)).href)) as Readonly<Record<string, unknown>>;
      const dags = dagsOf(module);
      for (const definition of dags) {
        const run = !SYSTEMS.test(block.code);
        try {
          const result = await simulate(dags, {
            from: '2026-01-01',
            to: '2026-01-03',
            run,
            ...THEIRS,
            actions: [{ at: '2026-01-01T12:00Z', do: ({ trigger }) => trigger(definition.dagId, { runId: 'noon' }) }],
          });
          const { status } = result.run('noon', definition.dagId);
          if (run) ran += 1;
          if (status !== 'success') errors.push(`${placeOf(block)}: ${definition.dagId} ended as ${status}`);
        } catch (error) {
          errors.push(`${placeOf(block)}: ${definition.dagId}: ${error}`);
        }
      }
    }
    expect(errors).toEqual([]);
    expect(ran).toBeGreaterThan(10);
  }, 120_000);
});

/** What a function of a block that speaks to another system has in it. */
const SYSTEMS = /fetch\(|connectors'|from 'pg'|appendFile|process\.env|\bwait\./;

/** What the text before the blocks says is there. */
const THEIRS = {
  pools: { crm: 4 },
  connections: { crm: 'https://crm.example/', [variableId('region')]: 'eu', [variableId('limits')]: '{ "rows": 5 }' },
};

function isOfSdk({ code }: Block): boolean {
  return code.includes("from '@headrace/sdk'");
}

/** The DAGs that a module exports; functions that make tasks are called in a DAG of their own. */
function dagsOf(module: Readonly<Record<string, unknown>>): readonly DagDefinition[] {
  const values = Object.values(module);
  const made = values.filter((value): value is DagDefinition => typeof value === 'object' && value !== null && 'dagId' in value);
  const functions = values.filter((value) => typeof value === 'function' && value.length === 0);
  return [...made, ...functions.map((make, index) => dag(`of_function_${index}`, {}, () => (make as () => unknown)()))];
}

test('JSON, YAML and lines of a shell can be read', () => {
  expect(wrong(of('json'), faultOf(JSON.parse))).toEqual([]);
  expect(wrong(of('yaml'), faultOf(parseYaml))).toEqual([]);
  const read = (code: string) => spawnSync('bash', ['-n'], { input: code, encoding: 'utf8' });
  expect(
    wrong(of('sh'), ({ code }) => {
      const { status, stderr, error } = read(code);
      return status === 0 ? undefined : (error?.message ?? stderr);
    }),
  ).toEqual([]);
});

test('Python can be read by Python', () => {
  const program = 'import ast, json, sys\nfor place, code in json.load(sys.stdin):\n    ast.parse(code, place)\n';
  const input = JSON.stringify(of('python').map((block) => [placeOf(block), block.code]));
  const { status, stderr, error } = spawnSync('python3', ['-c', program], { input, encoding: 'utf8' });
  expect({ status, stderr, error }).toEqual({ status: 0, stderr: '', error: undefined });
});

test('SQL is understood by PostgreSQL, whatever tables it has', async () => {
  const client = new pg.Client({ connectionString: process.env.HEADRACE_TEST_POSTGRES_URL });
  await client.connect();
  try {
    const errors: string[] = [];
    for (const block of of('sql')) {
      for (const statement of block.code.split(/;\s*\n/).filter((each) => each.trim() !== '')) {
        const fault = await client.query(`prepare documented as ${statement}`).then(
          () => undefined,
          (error: { code?: string; message: string }) => error,
        );
        if (fault === undefined) await client.query('deallocate documented');
        else if (!UNKNOWN_NAME.has(fault.code ?? '')) errors.push(`${placeOf(block)}: ${fault.message}`);
      }
    }
    expect(errors).toEqual([]);
  } finally {
    await client.end();
  }
});

/** undefined_table, invalid_schema_name: what is named is in somebody's database. */
const UNKNOWN_NAME = new Set(['42P01', '3F000']);

test('Dockerfiles begin with an image and have instructions that exist', () => {
  const known = /^(FROM|ARG|RUN|COPY|ADD|ENV|USER|WORKDIR|EXPOSE|ENTRYPOINT|CMD|HEALTHCHECK|LABEL|VOLUME|STOPSIGNAL|SHELL) \S/;
  expect(
    wrong(of('dockerfile'), ({ code }) => {
      const lines = code
        .replaceAll('\\\n', ' ')
        .split('\n')
        .filter((line) => line.trim() !== '' && !line.startsWith('#'));
      return lines[0]?.startsWith('FROM ') === true ? lines.find((line) => !known.test(line)) : 'begins without FROM';
    }),
  ).toEqual([]);
});
