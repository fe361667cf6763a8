/** Answering what a task asks people. */
import type { HitlDetail } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, resolveRunId } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatFacts } from '../output/table.ts';
import { collectParam, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';

interface AnswerOptions {
  readonly mapIndex: string;
  readonly choose?: readonly string[];
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
}

export function addTaskAnswerCommand(tasks: Command, terminal: Terminal): void {
  tasks
    .command('answer')
    .description('answer what a task asks; without an answer, show the question')
    .argument('<dag>')
    .argument('<run>', 'its id, or "latest"')
    .argument('<task>')
    .option('--map-index <number>', 'which instance of a mapped task', '-1')
    .option(
      '-c, --choose <option>',
      'one of the options; repeatable where several may be chosen',
      (text: string, before: readonly string[] = []) => [...before, text],
    )
    .option('-p, --param <name=value>', 'a field of the form; repeatable; the value may be JSON', collectParam)
    .option('--params <json>', 'the fields as a JSON object')
    .action(async (dagId: string, given: string, taskId: string, options: AnswerOptions, command: Command) => {
      const mapIndex = Number(options.mapIndex);
      if (!Number.isInteger(mapIndex) || mapIndex < -1)
        throw new UsageError(`--map-index must be a number from 0, not "${options.mapIndex}"`);
      const input = mergeParams(options.params, options.param);
      const session = await openSession(command, terminal);
      const { client } = session;
      const runId = await resolveRunId(client, dagId, given);
      const question = await client.hitlDetail(dagId, runId, taskId, mapIndex);
      if (options.choose === undefined && Object.keys(input).length === 0) {
        show(session, question, () => describeQuestion(question));
        return;
      }
      const [first, ...others] = question.options;
      // A form without a choice has one option, which sends it.
      if (options.choose === undefined && (first === undefined || others.length > 0))
        throw new UsageError(`Choose with --choose one of: ${question.options.join(', ')}`);
      const chosen = [...(options.choose ?? question.options)];
      const answer = await client.answerHitl(dagId, runId, taskId, mapIndex, { chosen_options: chosen, params_input: input });
      show(
        session,
        answer,
        () => `Answered: ${[...answer.chosen_options, ...Object.entries(answer.params_input).map(fieldText)].join(', ')}\n`,
      );
    });
}

function describeQuestion(question: HitlDetail): string {
  const fields = Object.entries(question.params).map(([name, field]) => [`--param ${name}=…`, describeField(field)] as const);
  return formatFacts([
    ['asks', question.subject],
    ['', question.body],
    ['of', question.assigned_users.map(({ name }) => name).join(', ')],
    ['until', question.timeout_at],
    ...(question.options.length > 1 ? [['--choose', question.options.join(', ')] as const] : []),
    ...fields,
    [
      'answered',
      question.response_received ? `${question.chosen_options?.join(', ')} by ${question.responded_by_user?.name ?? 'nobody'}` : undefined,
    ],
  ]);
}

/** e.g. `integer: How many (default 5)`. */
function describeField(field: unknown): string {
  const { value, description, schema } = field as Field;
  const type = typeof schema?.type === 'string' ? schema.type : 'any value';
  const what = description === null || description === undefined ? type : `${type}: ${description}`;
  return value === null || value === undefined ? what : `${what} (default ${JSON.stringify(value)})`;
}

interface Field {
  readonly value?: unknown;
  readonly description?: string | null;
  readonly schema?: { readonly type?: unknown };
}

function fieldText([name, value]: readonly [string, unknown]): string {
  return `${name}=${JSON.stringify(value)}`;
}
