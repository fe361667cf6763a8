/**
 * The process in which DAG files are evaluated. Started by `evaluation-process.ts` with little memory, no credentials, no right to
 * write files or start processes; killed when a file takes too long.
 *
 * 1. It answers each request with one line, in turn, and outlives whatever a well-behaved file does.
 * 2. Every file is evaluated twice, the second time with the clock put forward: a graph that depends on the clock or on chance shows.
 * 3. It imports nothing but Node, so that it starts at once.
 */
import { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';
import type { DagDefinition } from '@headrace/sdk';
import { DagFormatError } from './dag-format-error.ts';
import type { EvaluationAnswer, EvaluationProblem, EvaluationRequest } from './evaluation-protocol.ts';
import { askTwice, CLOCK_STEP_MS, checkFunctions } from './functions-in-file.ts';
import { positionsInBundle } from './source-positions.ts';

/** The SDK's brand and version. Not imported: that would load the SDK, and bundles bring their own. */
const DAG_BRAND = Symbol.for('headrace.dag');
const DEFINITION_VERSION = 1;
const CHANNEL_FD = 3;

const { stringify, parse } = JSON;
const exit = process.exit.bind(process);
const memoryUsage = process.memoryUsage.bind(process);
const channel = new Socket({ fd: CHANNEL_FD });
let clockOffset = 0;
let evaluations = 0;

class ProcessExitError extends Error {
  readonly code = 'HR_DAG_EXIT';
  constructor(code: unknown) {
    super(`The file calls process.exit(${code ?? ''}) while it is loaded: a DAG file only defines DAGs`);
    this.name = 'ProcessExitError';
  }
}

function guardProcess(): void {
  process.exit = (code) => {
    throw new ProcessExitError(code);
  };
  // Whose it is cannot be told: the file may have been answered for long ago.
  process.on('unhandledRejection', () => undefined);
  process.on('uncaughtException', () => undefined);
  const RealDate = Date;
  const now = () => RealDate.now() + clockOffset;
  globalThis.Date = new Proxy(RealDate, {
    apply: () => new RealDate(now()).toString(),
    construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as object,
    get: (target, key) => (key === 'now' ? now : Reflect.get(target, key)),
  });
}

async function answerTo(request: EvaluationRequest): Promise<EvaluationAnswer> {
  try {
    switch (request.kind) {
      case 'evaluate':
        return await evaluate(request.bundle);
      case 'params':
        return await validate(request.bundle, request.dagId, request.params);
      case 'timetable':
        return await nextInterval(request);
    }
  } catch (error) {
    return problem(error);
  } finally {
    clockOffset = 0;
  }
}

function atClock<T>(offsetMs: number, call: () => T): T {
  const before = clockOffset;
  clockOffset = offsetMs;
  try {
    return call();
  } finally {
    clockOffset = before;
  }
}

async function evaluate(bundle: string): Promise<EvaluationAnswer> {
  const first = await load(bundle, nextEvaluation());
  const specs = first.map((dag) => dag.toSpec());
  for (const [index, dag] of first.entries()) checkFunctions(dag, specs[index], atClock);
  clockOffset = CLOCK_STEP_MS;
  const again = (await load(bundle, nextEvaluation())).map((dag) => dag.toSpec());
  const dags = first.map((dag, index) => ({ spec: specs[index] ?? dag.toSpec(), positions: taskPositions(dag) }));
  return stringify(specs) === stringify(again) ? { kind: 'dags', dags } : { kind: 'dags', dags, again };
}

/** Another URL for every import: a module is evaluated once for each. */
function nextEvaluation(): string {
  evaluations += 1;
  return `evaluation=${evaluations}`;
}

async function load(bundle: string, query: string): Promise<DagDefinition[]> {
  const module = (await import(`${pathToFileURL(bundle).href}?${query}`)) as Readonly<Record<string, unknown>>;
  return [...new Set(Object.values(module).filter(isDag))];
}

function isDag(value: unknown): value is DagDefinition {
  if (typeof value !== 'object' || value === null || !(DAG_BRAND in value)) return false;
  if (value[DAG_BRAND] !== DEFINITION_VERSION) {
    throw new DagFormatError(
      `The file's DAG was made by an SDK of format ${String(value[DAG_BRAND])}, this Headrace reads format ${DEFINITION_VERSION}: use matching versions`,
    );
  }
  return true;
}

function taskPositions(dag: DagDefinition): [string, [number, number][]][] {
  return [...dag.tasks.values()].map((task) => [
    task.taskId,
    positionsInBundle(task.definedAt ?? '').map(([line, column]) => [line, column]),
  ]);
}

async function nextInterval({
  bundle,
  dagId,
  name,
  question,
}: EvaluationRequest & { readonly kind: 'timetable' }): Promise<EvaluationAnswer> {
  // JSON has no undefined: a question about the first interval comes without `last`.
  const { last, earliest, latest } = question;
  return { kind: 'interval', value: askTwice(await dagOf(bundle, dagId), name, { last, earliest, latest }, atClock) ?? null };
}

/** Modules are kept by bundle: the same DAG is asked about again and again. */
const loaded = new Map<string, Promise<DagDefinition[]>>();

async function dagOf(bundle: string, dagId: string): Promise<DagDefinition> {
  const dags = loaded.get(bundle) ?? load(bundle, 'kept');
  loaded.set(bundle, dags);
  const dag = (await dags).find((each) => each.dagId === dagId);
  if (dag === undefined) throw new DagFormatError(`The bundle holds no DAG "${dagId}"`);
  return dag;
}

async function validate(bundle: string, dagId: string, params: unknown): Promise<EvaluationAnswer> {
  const dag = await dagOf(bundle, dagId);
  if (dag.params === undefined) return withoutSchema(params);
  const result = await dag.params['~standard'].validate(params);
  if (result.issues === undefined) return asJson(result.value);
  return {
    kind: 'invalid',
    issues: result.issues.slice(0, 100).map((issue) => ({ path: (issue.path ?? []).map(pathKey), message: String(issue.message) })),
  };
}

function withoutSchema(params: unknown): EvaluationAnswer {
  if (typeof params !== 'object' || params === null || Array.isArray(params))
    return { kind: 'invalid', issues: [{ path: [], message: 'Params are an object' }] };
  const issues = Object.keys(params).map((name) => ({ path: [name], message: 'The DAG has no params' }));
  return issues.length === 0 ? { kind: 'valid', value: {} } : { kind: 'invalid', issues };
}

function pathKey(part: PropertyKey | { readonly key: PropertyKey }): string | number {
  const key = typeof part === 'object' ? part.key : part;
  return typeof key === 'number' ? key : String(key);
}

/** Params are stored as JSON, so what the schema makes of them must be. */
function asJson(value: unknown): EvaluationAnswer {
  const text = stringify(value, (_key, each: unknown) => {
    if (
      typeof each === 'bigint' ||
      typeof each === 'function' ||
      typeof each === 'symbol' ||
      (typeof each === 'number' && !Number.isFinite(each))
    ) {
      throw new DagFormatError(`The DAG's params schema makes a ${typeof each} that JSON cannot carry of these params`);
    }
    return each;
  });
  return { kind: 'valid', value: parse(text) as Record<string, unknown> };
}

const LONGEST_MESSAGE = 20_000;

function problem(error: unknown): EvaluationProblem {
  const thrown = error instanceof Error ? error : new Error(`The file throws something that is no error: ${describe(error)}`);
  const stack = String(thrown.stack ?? '');
  const { code } = thrown as { readonly code?: unknown };
  return {
    kind: 'problem',
    name: String(thrown.name).slice(0, 200),
    ...(typeof code === 'string' ? { code: code.slice(0, 200) } : {}),
    message: String(thrown.message).slice(0, LONGEST_MESSAGE),
    stack: stack.slice(0, LONGEST_MESSAGE),
    positions: positionsInBundle(stack).map(([line, column]) => [line, column]),
  };
}

function describe(value: unknown): string {
  try {
    return String(value).slice(0, 1000);
  } catch {
    return typeof value;
  }
}

let received = '';
let turn = Promise.resolve();

channel.setEncoding('utf8');
channel.on('data', (text: string) => {
  const lines = (received + text).split('\n');
  received = lines.pop() ?? '';
  for (const line of lines) turn = turn.then(() => respond(parse(line) as EvaluationRequest));
});
// The loader is gone, or has had enough.
channel.on('close', () => exit(0));
channel.on('error', () => exit(0));

async function respond(request: EvaluationRequest): Promise<void> {
  const answer = await answerTo(request);
  const { id, nonce } = request;
  let line: string;
  try {
    line = stringify({ id, nonce, rssBytes: memoryUsage().rss, answer });
  } catch (error) {
    line = stringify({ id, nonce, rssBytes: memoryUsage().rss, answer: problem(error) });
  }
  channel.write(`${line}\n`);
}

guardProcess();
