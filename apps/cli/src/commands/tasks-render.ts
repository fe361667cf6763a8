import { loadConfiguration } from '@headrace/configuration';
import type { Command } from 'commander';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { collectParam, instantOption, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';

interface RenderOptions {
  readonly dag?: string;
  readonly intervalStart?: string;
  readonly intervalEnd?: string;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
}

export function addTaskRenderCommand(tasks: Command, terminal: Terminal): void {
  tasks
    .command('render')
    .description(
      'what an extract, load, transform or export task of a DAG file would do in a run: its SQL and paths with the values in place',
    )
    .argument('<file>')
    .argument('<task>')
    .option('--dag <id>', 'which DAG, when the file has several')
    .option('--interval-start <date>', 'start of the data interval')
    .option('--interval-end <date>', 'its end; by the schedule if not given')
    .option('-p, --param <name=value>', 'a param of the run; repeatable; the value may be JSON', collectParam)
    .option('--params <json>', 'params as a JSON object')
    .action(async (file: string, taskId: string, options: RenderOptions, command: Command) => {
      const output = outputOf(command);
      const intervalStart = instantOption('--interval-start', options.intervalStart);
      const intervalEnd = instantOption('--interval-end', options.intervalEnd);
      const { renderTask } = await import('../tasks-render.ts');
      const rendered = await renderTask({
        file,
        taskId,
        params: mergeParams(options.params, options.param),
        configuration: await loadConfiguration({ env: terminal.env }),
        ...(options.dag === undefined ? {} : { dagId: options.dag }),
        ...(intervalStart === undefined ? {} : { intervalStart: Date.parse(intervalStart) }),
        ...(intervalEnd === undefined ? {} : { intervalEnd: Date.parse(intervalEnd) }),
      });
      const { dagId, kind, operation } = rendered;
      show({ output, terminal }, { dag_id: dagId, task_id: taskId, kind, operation }, () => `${text(operation)}\n`);
    });
}

/** Like JSON, but SQL of several lines stays readable. */
function text(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll('\\n', '\n');
}
