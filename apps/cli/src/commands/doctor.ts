/** `headrace doctor`: whether everything is there that Headrace needs. */
import type { Command } from 'commander';
import { findServer } from '../api-connection.ts';
import type { Diagnosis } from '../doctor/diagnosis.ts';
import { FailedError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { inPlace } from '../output/task-bar.ts';
import { ownVersion } from '../own-version.ts';
import type { Terminal } from '../terminal.ts';

export function addDoctorCommand(program: Command, terminal: Terminal): void {
  program
    .command('doctor')
    .description('look whether everything is there that Headrace needs, and say what to do; exits with 1 when something fails')
    .action(async (_, command: Command) => {
      const bar = inPlace(terminal.stderr);
      const lines = await diagnose(command, terminal, (done, total, what) => bar.show(done, total, what));
      bar.end();
      const count = (status: Diagnosis['status']): number => lines.filter((line) => line.status === status).length;
      const document = {
        checks: lines.map(({ check, status, found, advice }) => ({ check, status, found, advice: advice ?? null })),
        ok: count('ok'),
        warn: count('warn'),
        fail: count('fail'),
        skip: count('skip'),
      };
      show({ output: outputOf(command), terminal }, document, () => {
        const table = formatTable(
          ['', 'what', 'found'],
          lines.map(({ status, check, found }) => [status, check, found]),
        );
        const advice = lines.flatMap(({ check, advice }) => (advice === undefined ? [] : [`  ${check}: ${advice}\n`]));
        return `${table}${advice.length === 0 ? '' : `\nWhat to do:\n${advice.join('')}`}`;
      });
      if (document.fail > 0) throw new FailedError(`${document.fail} of ${lines.length} checks failed`);
    });
}

type Told = (done: number, total: number, what: string) => void;

async function diagnose(command: Command, terminal: Terminal, told: Told): Promise<readonly Diagnosis[]> {
  const [embedded, machine, servers, work] = await Promise.all([
    import('../doctor/embedded.ts'),
    import('../doctor/this-machine.ts'),
    import('../doctor/servers.ts'),
    import('../doctor/work.ts'),
  ]);
  const lines: Diagnosis[] = [{ check: 'headrace', status: 'ok', found: ownVersion() }, machine.diagnoseNode(process.version)];
  const { configuration, lines: problems } = await machine.diagnoseConfiguration(terminal);
  lines.push(...problems);
  if (configuration === undefined) return lines;
  const standalone = configuration.databaseUrl === undefined ? embedded.findStandalone(configuration.home) : { lines: [] };
  const { databaseUrl = configuration.databaseUrl } = standalone;
  lines.push(...standalone.lines);
  const steps: readonly [string, () => Promise<readonly Diagnosis[]>][] = [
    ['disk', async () => [await machine.diagnoseDisk(configuration.home)]],
    ['database', async () => (databaseUrl === undefined ? [] : servers.diagnoseDatabase(databaseUrl))],
    ['queue', async () => [await servers.diagnoseQueue(configuration.queueUrl ?? databaseUrl)]],
    ['objects', async () => [await servers.diagnoseObjects(configuration.objects)]],
    [
      'DAG files and workers',
      async () => {
        const { line, queues } = await work.diagnoseDags(configuration.dags);
        if (databaseUrl === undefined) return [line, work.secretOfStandalone(configuration)];
        const usable = !lines.some(({ check, status }) => (check === 'database' || check === 'schema') && status === 'fail');
        return [line, ...(usable ? await work.diagnoseStored({ ...configuration, databaseUrl }, queues) : [])];
      },
    ],
    ['api', async () => [await servers.diagnoseApi(await findServer(command.optsWithGlobals(), terminal), ownVersion())]],
  ];
  for (const [index, [what, look]] of steps.entries()) {
    told(index, steps.length, what);
    lines.push(...(await look()));
  }
  return lines;
}
