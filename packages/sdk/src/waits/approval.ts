/** Tasks that wait for people. They hold no slot, and are `awaiting_input` meanwhile. */
import type { TriggerRule } from '@headrace/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { AnyAsset } from '../assets/asset.ts';
import type { Reference, TaskDefinition } from '../definition.ts';
import { DagDefinitionError } from '../definition-error.ts';
import { type Duration, durationMs } from '../duration.ts';
import { oneOf } from '../options/checked-values.ts';
import { FailTask, SkipTask } from '../outcomes.ts';
import { isReference, resolveReferences, runValues } from '../references.ts';
import { defineFunction, type FunctionOptions, type NoInputs, type TaskFunction, type TaskInputs, type TaskOptions } from '../task.ts';
import type { InputRequest, WaitOptions } from '../task-context.ts';

interface Question {
  /** One line: what it is about. */
  readonly subject: string | Reference<string>;
  /** Markdown. */
  readonly body?: string | Reference<string>;
  /** Names of users who may answer. Default: everybody who may edit the DAG. */
  readonly assignees?: readonly string[];
  /** Given up after so long. Default: never. */
  readonly timeout?: Duration;
  /** Then: `fail` (default) the task, or `skip` it. */
  readonly onTimeout?: 'fail' | 'skip';
}

export interface AskOptions<Inputs extends TaskInputs, Rule extends TriggerRule>
  extends TaskOptions<Inputs, Rule, readonly AnyAsset[]>,
    Question {}

export interface InputOptions<Answer, Inputs extends TaskInputs, Rule extends TriggerRule> extends AskOptions<Inputs, Rule> {
  /** A Standard Schema of the answer, that can be shown as a form: an object of plain values. */
  readonly schema: StandardSchemaV1<unknown, Answer>;
  /** What the form begins with. */
  readonly default?: NoInfer<Answer>;
}

/** Waits for a person to fill in a form. Its result is the answer. Throws DagDefinitionError as `task` does. */
export function input<Answer, const Inputs extends TaskInputs = NoInputs, const Rule extends TriggerRule = 'all_success'>(
  id: string,
  options: InputOptions<Answer, Inputs, Rule>,
): TaskDefinition<Answer> {
  const { schema, default: first, ...ask } = options;
  if (typeof schema?.['~standard']?.validate !== 'function')
    throw new DagDefinitionError('HR_BAD_OPTION', `Task "${id}", schema: not a Standard Schema; use for example z.object({ … }) of zod 4`);
  return defineAsk(id, ask, { schema, ...(first === undefined ? {} : { default: first }) }, (answer) => answer) as TaskDefinition<Answer>;
}

export interface ApprovalOptions<Inputs extends TaskInputs, Rule extends TriggerRule> extends AskOptions<Inputs, Rule> {
  /** What a refusal does: `skip` (default) the task, and with it what needs it, or `fail` it. */
  readonly onReject?: 'skip' | 'fail';
}

export interface Approval {
  readonly approved: true;
  readonly comment?: string;
}

/** Waits for a person's yes. Throws DagDefinitionError as `task` does. */
export function approval<const Inputs extends TaskInputs = NoInputs, const Rule extends TriggerRule = 'all_success'>(
  id: string,
  options: ApprovalOptions<Inputs, Rule>,
): TaskDefinition<Approval> {
  const { onReject = 'skip', ...ask } = options;
  const verdict = oneOf(`Task "${id}", onReject`, onReject, ['skip', 'fail']);
  return defineAsk(id, ask, { schema: yesOrNo }, (answer) => {
    const { approved, comment } = answer as { readonly approved: boolean; readonly comment?: string };
    if (approved) return answer;
    const why = comment === undefined || comment === '' ? 'It was rejected' : `It was rejected: ${comment}`;
    throw verdict === 'skip' ? new SkipTask(why) : new FailTask(why);
  }) as TaskDefinition<Approval>;
}

function defineAsk(
  id: string,
  options: FunctionOptions & Question,
  form: Pick<InputRequest<unknown>, 'schema' | 'default'>,
  resultOf: (answer: unknown) => unknown,
): TaskDefinition {
  const { subject, body, assignees, timeout, onTimeout = 'fail', ...rest } = options;
  const where = `Task "${id}"`;
  if (!isReference(subject) && (typeof subject !== 'string' || subject.trim() === ''))
    throw new DagDefinitionError('HR_BAD_OPTION', `${where}: say in "subject" what the person is asked`);
  const wait: WaitOptions = {
    key: 'input',
    onTimeout: oneOf(`${where}, onTimeout`, onTimeout, ['fail', 'skip']),
    ...(timeout === undefined ? {} : { timeout: durationMs(`${where}, timeout`, timeout) }),
  };
  const run: TaskFunction = async (context) => {
    const shown = resolveReferences({ subject, ...(body === undefined ? {} : { body }) }, runValues(context)) as {
      subject: string;
      body?: string;
    };
    const request: InputRequest<unknown> = { ...shown, ...form, ...(assignees === undefined ? {} : { assignees: [...assignees] }) };
    return resultOf(await context.wait.input(request, wait));
  };
  return defineFunction(id, rest, run);
}

/** The form of a yes or no, `{ approved: boolean, comment?: string }`, without a library. */
export const yesOrNo: StandardSchemaV1<unknown, { readonly approved: boolean; readonly comment?: string }> & {
  readonly toJSONSchema: () => Readonly<Record<string, unknown>>;
} = {
  '~standard': {
    version: 1,
    vendor: 'headrace',
    validate(value) {
      const answer = (typeof value === 'object' && value !== null ? value : {}) as Readonly<Record<string, unknown>>;
      const { approved, comment } = answer;
      if (typeof approved !== 'boolean') return { issues: [{ path: ['approved'], message: 'must be true or false' }] };
      if (comment !== undefined && typeof comment !== 'string') return { issues: [{ path: ['comment'], message: 'must be text' }] };
      return { value: comment === undefined ? { approved } : { approved, comment } };
    },
  },
  toJSONSchema: () => ({
    type: 'object',
    properties: { approved: { type: 'boolean' }, comment: { type: 'string' } },
    required: ['approved'],
    additionalProperties: false,
  }),
};
