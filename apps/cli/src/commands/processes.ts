/** The processes of Headrace. What they are made of is loaded only when one is started: the other commands stay quick. */
import { type Configuration, forService, loadConfiguration, secretsOf } from '@headrace/configuration';
import type { RunningProcess } from '@headrace/ports';
import type { Command } from 'commander';
import { UsageError } from '../failures.ts';
import { runUntilSignal } from '../run-until-signal.ts';
import type { Terminal } from '../terminal.ts';
import { type RequestOptions, sendRequest } from './request.ts';

export function addProcessCommands(program: Command, terminal: Terminal): void {
  const start =
    (role: string, starting: (configuration: Configuration) => Promise<RunningProcess>, hint?: (configuration: Configuration) => string) =>
    async (): Promise<void> => {
      const configuration = await loadConfiguration({ env: terminal.env });
      await runUntilSignal(role, () => starting(configuration), terminal, hint?.(configuration));
    };

  program
    .command('standalone')
    .alias('start')
    .description('database, scheduler, worker and API in one process; data in HEADRACE_HOME')
    .action(
      start(
        'standalone',
        async (configuration) => {
          const [{ runStandalone }, { createLog }] = await Promise.all([import('../standalone.ts'), import('@headrace/telemetry')]);
          const readable = forTerminal(configuration, terminal);
          const pretty = readable.logFormat === 'pretty';
          return runStandalone(readable, createLog({ name: 'standalone', level: readable.logLevel, pretty, secrets: secretsOf(readable) }));
        },
        ({ home }) => `The API's token is in ${home}/admin-token; the commands of headrace find it there. Ctrl-C ends everything.`,
      ),
    );

  program
    .command('scheduler')
    .description('decide what runs, and load the DAG files; any number may run')
    .action(start('scheduler', async (configuration) => (await import('@headrace/scheduler-app')).runScheduler(forService(configuration))));

  program
    .command('worker')
    .description('run tasks, each in a process of its own; any number may run')
    .option('--queues <names>', 'the queues to serve, separated by commas (HEADRACE_WORKER_QUEUES)')
    .option('--slots <number>', 'how many tasks to run at once (HEADRACE_WORKER_SLOTS)')
    .action(async (options: { queues?: string; slots?: string }) => {
      const chosen = workerOptions(options);
      await start('worker', async (configuration) =>
        (await import('@headrace/worker-app')).runWorker(forService({ ...configuration, ...chosen })),
      )();
    });

  program
    .command('api')
    .description('the REST API; any number may run. With a method and a path, ask a running one instead')
    .argument('[method]', 'GET, POST, PUT, PATCH or DELETE')
    .argument('[path]', '/dags is /api/v2/dags; ours begin with /headrace/v1')
    .option('--body <json>', 'itself, @file, or - for standard input')
    .option('-q, --query <name=value>', 'of the query; repeatable', (text: string, before: readonly string[] = []) => [...before, text])
    .action(async (method: string | undefined, path: string | undefined, options: RequestOptions, command: Command) => {
      if (method !== undefined) return sendRequest(method, path, options, command, terminal);
      await start('api', async (configuration) => (await import('@headrace/api-app')).runApi(forService(configuration)))();
    });
}

function workerOptions({
  queues,
  slots,
}: {
  queues?: string;
  slots?: string;
}): Partial<Pick<Configuration, 'workerQueues' | 'workerSlots'>> {
  const names = queues?.split(',').map((name) => name.trim());
  if (names?.some((name) => name === '')) throw new UsageError('--queues takes names separated by commas, such as extract,load');
  const count = slots === undefined ? undefined : Number(slots);
  if (count !== undefined && !(Number.isInteger(count) && count >= 1 && count <= 1000))
    throw new UsageError(`--slots must be an integer from 1 to 1000, not "${slots}"`);
  return { ...(names === undefined ? {} : { workerQueues: [...new Set(names)] }), ...(count === undefined ? {} : { workerSlots: count }) };
}

/** At a terminal people read the log, unless they have said otherwise. */
function forTerminal(configuration: Configuration, { stdout, env }: Terminal): Configuration {
  return stdout.isTTY === true && env.HEADRACE_LOG_FORMAT === undefined ? { ...configuration, logFormat: 'pretty' } : configuration;
}
