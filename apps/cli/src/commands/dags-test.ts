import { loadConfiguration } from '@headrace/configuration';
import type { Command } from 'commander';
import type { DagTest } from '../dags-test.ts';
import { FailedError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatSeconds } from '../output/times.ts';
import { collectParam, instantOption, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';

interface TestOptions {
  readonly dag?: string;
  readonly intervalStart?: string;
  readonly intervalEnd?: string;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
}

export function addDagTestCommand(dags: Command, terminal: Terminal): void {
  dags
    .command('test')
    .description('one run of a DAG file here and now: no server, no database, connections from HEADRACE_CONN_*, retries without their wait')
    .argument('<file>')
    .option('--dag <id>', 'which DAG, when the file has several')
    .option('--interval-start <date>', 'start of the data interval')
    .option('--interval-end <date>', 'its end; by the schedule if not given')
    .option('-p, --param <name=value>', 'a param of the run; repeatable; the value may be JSON', collectParam)
    .option('--params <json>', 'params as a JSON object')
    .action(async (file: string, options: TestOptions, command: Command) => {
      const output = outputOf(command);
      const intervalStart = instantOption('--interval-start', options.intervalStart);
      const intervalEnd = instantOption('--interval-end', options.intervalEnd);
      const { testDag } = await import('../dags-test.ts');
      const test = await testDag({
        file,
        params: mergeParams(options.params, options.param),
        configuration: await loadConfiguration({ env: terminal.env }),
        sink: output === 'table' ? terminal.stdout : terminal.stderr,
        ...(options.dag === undefined ? {} : { dagId: options.dag }),
        ...(intervalStart === undefined ? {} : { intervalStart: Date.parse(intervalStart) }),
        ...(intervalEnd === undefined ? {} : { intervalEnd: Date.parse(intervalEnd) }),
      });
      show({ output, terminal }, documentOf(test), () => summaryOf(test));
      if (test.status !== 'success') throw new FailedError(`${test.dagId} ${test.status}`);
    });
}

function documentOf({ dagId, status, seconds, tasks }: DagTest) {
  return {
    dag_id: dagId,
    state: status,
    duration: seconds,
    tasks: tasks.map((task) => ({
      task_id: task.taskId,
      map_index: task.mapIndex,
      state: task.status,
      tries: task.tries,
      duration: task.seconds ?? null,
      error: task.error ?? null,
    })),
  };
}

function summaryOf({ dagId, status, seconds, tasks }: DagTest): string {
  const rows = tasks.map((task) => [
    task.mapIndex < 0 ? task.taskId : `${task.taskId}[${task.mapIndex}]`,
    task.status,
    task.tries,
    formatSeconds(task.seconds),
    task.error === undefined ? '' : `${task.error.name}: ${task.error.message.split('\n', 1)[0]}`,
  ]);
  return `\n${formatTable(['task', 'state', 'tries', 'took', 'why'], rows)}\n${dagId}: ${status} in ${formatSeconds(seconds)}\n`;
}
