import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROBLEMS } from '@headrace/api-contract';
import { describe, expect, test } from '@jest/globals';
import { ROOT } from '../architecture/workspace.ts';
import { errorCodes } from './error-codes.ts';
import { MEANINGS } from './error-meanings.ts';
import { SECTIONS } from './options-reference.ts';
import { REFERENCES } from './references.ts';
import { exportedValues } from './sdk-declarations.ts';

const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8');

/** What the SDK exports for those who write connectors, loaders and tests, and no DAG file needs. */
const NOT_FOR_DAGS: readonly string[] = [
  ...[
    'ASSET_BRAND',
    'CONNECTION_BRAND',
    'DAG_BRAND',
    'DEFINITION_VERSION',
    'GROUP_BRAND',
    'OUTCOME_BRAND',
    'REFERENCE_BRAND',
    'TASK_BRAND',
  ],
  ...['DagDefinitionError', 'MetadataError', 'assertColumns', 'checkConnections', 'decimalSize', 'defaultDisposition', 'defineCondition'],
  ...['defineOperation', 'dispositionName', 'durationMs', 'elementType', 'isColumnType', 'isReference', 'isTask', 'jsonSchemaOf'],
  ...['readConnections', 'referenceName', 'resolveReferences', 'runValues', 'variableId', 'variableNameOf', 'yesOrNo', 'zoneOf'],
];

describe('the references', () => {
  test.each(Object.keys(REFERENCES))('%s is made of the sources as they are (npm run docs:references writes it)', async (path) => {
    expect(read(path)).toBe(await REFERENCES[path]?.());
  });

  test('the page on errors has every code that stands anywhere in the sources', () => {
    const page = read('docs/errors.md');
    const named = globSync(['packages/*/src/**/*.ts', 'apps/*/src/**/*.ts'], { cwd: ROOT }).flatMap((path) => [
      ...read(path).matchAll(/['"`](HR_[A-Z0-9]+(?:_[A-Z0-9]+)*)['"`]/g),
    ]);
    expect(named.length).toBeGreaterThan(500);
    expect([...new Set(named.map(([, code]) => code as string))].filter((code) => !page.includes(`\`${code}\``)).sort()).toEqual([]);
  });

  test('every code says what it means, and nothing is said of codes that are not there', () => {
    const codes = errorCodes();
    const words = (message: string): number => message.replaceAll(/"[^"]*"/g, '').match(/\w\w+/g)?.length ?? 0;
    const unsaid = codes.filter(
      ({ code, messages }) => !(code in MEANINGS) && !(code in PROBLEMS) && !messages.some((each) => words(each) > 6),
    );
    // What is missing belongs into error-meanings.ts.
    expect(unsaid.map(({ code }) => code)).toEqual([]);
    expect(read('docs/errors.md')).not.toMatch(/\| \|$/m);
    expect(Object.keys(MEANINGS).filter((code) => !codes.some((each) => each.code === code))).toEqual([]);
  });

  test('the page on options has everything that a DAG file can import', () => {
    const told = new Set(SECTIONS.flatMap(({ names }) => names));
    expect(exportedValues().filter((name) => !told.has(name))).toEqual([...NOT_FOR_DAGS].sort());
  });
});
