/** `headrace dags check`: everything that can be known of a folder of DAG files before it goes live. */
import { relative, resolve } from 'node:path';
import type { ImportError } from '@headrace/ports';
import type { Finding } from './finding.ts';
import { inOrder } from './finding.ts';
import { type LintContext, lint } from './lint.ts';
import { makePlan, type PlannedDag } from './plan.ts';
import type { PlanBase } from './plan-base.ts';
import { type ReadFolder, readFolder, unstableDags } from './read-folder.ts';
import type { CheckReport } from './report.ts';
import { typeCheck } from './type-check.ts';

export interface CheckRequest {
  readonly dagsDir: string;
  readonly context: LintContext;
  readonly types: boolean;
  /** Absent: no plan is made. */
  readonly base?: () => Promise<PlanBase>;
  readonly told?: (done: number, total: number) => void;
}

export async function checkDags({ dagsDir, context, types, base, told }: CheckRequest): Promise<CheckReport> {
  const [first, second] = await Promise.all([readFolder(dagsDir, told), readFolder(dagsDir)]);
  const typeFindings = types ? await typeCheck(dagsDir) : undefined;
  const dags = first.files.flatMap(({ file, dags: inFile }) => inFile.map(({ spec }) => ({ file, spec })));
  // What the loader names is relative to the DAG folder, what people and their tools see to where they are.
  const fromHere = (finding: Finding): Finding =>
    finding.file === undefined
      ? finding
      : { ...finding, file: relative(process.cwd(), resolve(dagsDir, finding.file)).replaceAll('\\', '/') };
  const findings = inOrder([
    ...[
      ...first.errors.map(importFinding),
      ...lint(dags, context),
      ...unstableDags(first, second).map(({ file, dagId }) => unstable(file, dagId)),
    ].map(fromHere),
    ...(typeFindings ?? []),
  ]);
  const planned = base === undefined ? undefined : await base();
  return {
    files: first.files.length + first.errors.length,
    dags: dags.length,
    findings,
    ...(planned === undefined
      ? {}
      : { plan: makePlan(planned.name, planned.dags, plannedDags(first), context.now, first.errors.length === 0) }),
    ...(typeFindings !== undefined
      ? {}
      : { typesUnchecked: types ? 'there is no tsconfig.json, or no TypeScript installed' : '--no-types' }),
  };
}

function plannedDags({ files }: ReadFolder): ReadonlyMap<string, PlannedDag> {
  return new Map(files.flatMap(({ dags, bundle }) => dags.map(({ spec }) => [spec.dagId, { spec, bundleHash: bundle.hash }] as const)));
}

function importFinding({ file, line, column, code, message }: ImportError): Finding {
  return {
    severity: 'error',
    rule: 'import',
    message: `${message} (${code})`,
    file,
    ...(line === undefined ? {} : { line }),
    ...(column === undefined ? {} : { column }),
  };
}

function unstable(file: string, dagId: string): Finding {
  const message = `DAG "${dagId}" is another one each time the file is read: it would get a new version every minute. Look for the time, random numbers and the environment`;
  return { severity: 'error', rule: 'unstable', message, file, dagId };
}
