/**
 * What the evaluation child's answer makes of a file: DAGs that can be registered, or one import error with its place in the user's source.
 * Nothing that the file says is believed: the protocol has checked the shape of the graph, the core checks here that it makes sense.
 */
import { type DagSpec, validateDag } from '@headrace/core';
import type { ImportError, LoadedDag, LoadedFile } from '@headrace/ports';
import type { Bundle } from './bundle.ts';
import { canonicalJson, firstDifference, sha256 } from './canonical-json.ts';
import type { Fatality } from './evaluation-process.ts';
import type { EvaluationAnswer } from './evaluation-protocol.ts';
import { type BundlePosition, SourcePositions } from './source-positions.ts';

export type LoadOutcome = { readonly kind: 'loaded'; readonly file: LoadedFile } | { readonly kind: 'failed'; readonly error: ImportError };

/** What the child's answer to `evaluate` means for the file. */
export function judgeAnswer(file: string, bundle: Bundle, answer: EvaluationAnswer | Fatality): LoadOutcome {
  const failed = (error: Omit<ImportError, 'file'>): LoadOutcome => ({ kind: 'failed', error: { file, ...error } });
  if (answer.kind === 'fatal') return failed({ code: answer.code, message: answer.message });
  const sources = new SourcePositions(bundle.sourceMap);
  if (answer.kind === 'problem') {
    const code = answer.code?.startsWith('HR_') ? answer.code : 'HR_DAG_IMPORT';
    const name = code === 'HR_DAG_IMPORT' ? `${answer.name}: ` : '';
    return failed({
      ...place(file, sources, answer.positions),
      code,
      message: `${name}${answer.message}`,
      stack: sources.stack(answer.stack),
    });
  }
  if (answer.kind !== 'dags') return failed({ code: 'HR_DAG_FORGED_RESULT', message: 'The evaluation child answered another question' });
  const specs = answer.dags.map(({ spec, positions }) => withSources(spec, new Map(positions), sources));
  if (answer.again !== undefined) {
    const path =
      firstDifference(
        answer.dags.map((dag) => dag.spec),
        answer.again,
      ) ?? '';
    return failed({ code: 'HR_UNSTABLE_DAG', message: unstable(specs, path) });
  }
  const repeated = specs.find((spec, index) => specs.findIndex((other) => other.dagId === spec.dagId) !== index);
  if (repeated !== undefined)
    return failed({ code: 'HR_DUPLICATE_DAG', message: `The file exports two DAGs "${repeated.dagId}": give one of them another id` });
  const twofold = twofoldAsset(specs);
  if (twofold !== undefined)
    return failed({
      code: 'HR_DUPLICATE_ASSET',
      message: `The file's DAGs say two things about the asset "${twofold}": define it once, and use that everywhere`,
    });
  const problems = specs.flatMap((spec) => validateDag(spec));
  const [first] = problems;
  if (first !== undefined) {
    const at = first.source?.file === file ? { line: first.source.line, column: first.source.column } : {};
    return failed({ ...at, code: `HR_DAG_${first.code.toUpperCase()}`, message: problems.map((problem) => problem.message).join('\n') });
  }
  return {
    kind: 'loaded',
    file: { file, dags: specs.map(loadedDag), bundle: { hash: bundle.hash, code: bundle.code, sourceMap: bundle.sourceMap } },
  };
}

/** The name of an asset that two DAGs describe differently. One that is only named says nothing. */
function twofoldAsset(specs: readonly DagSpec[]): string | undefined {
  const described = new Map<string, string>();
  for (const asset of specs.flatMap((spec) => spec.assets ?? [])) {
    if (Object.keys(asset).length === 1) continue;
    const text = canonicalJson(asset);
    if ((described.get(asset.name) ?? text) !== text) return asset.name;
    described.set(asset.name, text);
  }
  return undefined;
}

function unstable(specs: readonly DagSpec[], path: string): string {
  const [, index, rest] = /^\[(\d+)\]\.?(.*)$/.exec(path) ?? [];
  const dagId = specs[Number(index)]?.dagId;
  const where = dagId === undefined ? 'The DAGs of this file are' : `DAG "${dagId}" is`;
  return `${where} not the same when the file is read twice${rest ? `: ${rest} differs` : ''}. A graph must not depend on the time, on chance or on the environment: use params and interval for what changes from run to run`;
}

function place(file: string, sources: SourcePositions, positions: readonly BundlePosition[]): { line?: number; column?: number } {
  const own = positions.map((position) => sources.original(position)).find((source) => source?.file === file);
  return own === undefined ? {} : { line: own.line, column: own.column };
}

function withSources(spec: DagSpec, positions: ReadonlyMap<string, readonly BundlePosition[]>, sources: SourcePositions): DagSpec {
  return {
    ...spec,
    tasks: spec.tasks.map((task) => {
      const source = sources.innermostOwn(positions.get(task.taskId) ?? []);
      return source === undefined ? task : { ...task, source };
    }),
  };
}

function loadedDag(spec: DagSpec): LoadedDag {
  // A task that only moved to another line is the same graph.
  const graph = { ...spec, tasks: spec.tasks.map(({ source: _source, ...task }) => task) };
  return { spec: JSON.parse(canonicalJson(spec)) as DagSpec, graphHash: sha256(canonicalJson(graph)) };
}
