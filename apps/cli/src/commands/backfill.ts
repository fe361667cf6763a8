/** `headrace backfill`: runs for dates of the past. */
import type { Backfill, BackfillPost, DryRunBackfillCollection } from '@headrace/api-contract';
import { type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { formatInstant } from '../output/times.ts';
import { collectParam, instantOption, mergeParams } from '../params-option.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;

interface CreateOptions {
  readonly fromDate: string;
  readonly toDate: string;
  readonly reprocessBehavior: 'none' | 'failed' | 'completed';
  readonly maxActiveRuns: string;
  readonly runBackwards?: boolean;
  readonly pinVersion?: boolean;
  readonly param?: Readonly<Record<string, unknown>>;
  readonly params?: string;
  readonly dryRun?: boolean;
}

export function addBackfillCommands(program: Command, terminal: Terminal): void {
  const backfill = program.command('backfill').description('run a DAG for dates of the past');

  backfill
    .command('create')
    .description('make the runs that the schedule would have made in a range; with --dry-run only list them')
    .argument('<dag>')
    .requiredOption('--from-date <date>', 'the first logical date')
    .requiredOption('--to-date <date>', 'the last logical date')
    .addOption(
      new Option('--reprocess-behavior <which>', 'runs that exist: leave them alone, run the failed ones anew, or all that have ended')
        .choices(['none', 'failed', 'completed'])
        .default('none'),
    )
    .option('--max-active-runs <number>', 'how many of its runs may run at once', '10')
    .option('--run-backwards', 'the newest date first')
    .option('--pin-version', 'all runs are of the version that is the newest now, whatever is deployed meanwhile')
    .option('-p, --param <name=value>', 'a param of the runs; repeatable; the value may be JSON', collectParam)
    .option('--params <json>', 'params as a JSON object')
    .option('--dry-run', 'only list what would be done')
    .action(async (dagId: string, options: CreateOptions, command: Command) => {
      const body = postOf(dagId, options);
      const session = await openSession(command, terminal);
      await (options.dryRun === true ? dryRun(session, body) : create(session, body));
    });

  backfill
    .command('list')
    .description('the backfills of a DAG, newest first')
    .argument('<dag>')
    .action(async (dagId: string, _, command: Command) => list(await openSession(command, terminal), dagId));

  for (const [name, description] of [
    ['pause', 'make and start no more of its runs; those that run go on'],
    ['unpause', 'go on with it'],
    ['cancel', 'end it: what waits is cancelled, what runs goes on'],
  ] as const) {
    backfill
      .command(name)
      .description(description)
      .argument('<id>', 'as `headrace backfill list` shows it')
      .action(async (given: string, _, command: Command) => {
        const id = Number(given);
        if (!Number.isSafeInteger(id) || id < 0) throw new UsageError(`"${given}" is no id of a backfill: it is a number`);
        const session = await openSession(command, terminal);
        const changed = await session.client.changeBackfill(id, name);
        show(session, changed, () => `backfill ${changed.id} of ${changed.dag_id} is ${stateOf(changed)}\n`);
      });
  }
}

function postOf(dagId: string, options: CreateOptions): BackfillPost {
  const maxActiveRuns = Number(options.maxActiveRuns);
  if (!Number.isInteger(maxActiveRuns) || maxActiveRuns < 1)
    throw new UsageError(`--max-active-runs must be a number from 1, not "${options.maxActiveRuns}"`);
  return {
    dag_id: dagId,
    from_date: instantOption('--from-date', options.fromDate) ?? '',
    to_date: instantOption('--to-date', options.toDate) ?? '',
    reprocess_behavior: options.reprocessBehavior,
    max_active_runs: maxActiveRuns,
    run_backwards: options.runBackwards ?? false,
    run_on_latest_version: !(options.pinVersion ?? false),
    dag_run_conf: mergeParams(options.params, options.param),
  };
}

async function create(session: Session, body: BackfillPost): Promise<void> {
  const made = await session.client.createBackfill(body);
  show(session, made, () => `backfill ${made.id} of ${made.dag_id} is ${stateOf(made)}. See its runs: headrace runs list ${made.dag_id}\n`);
}

async function dryRun(session: Session, body: BackfillPost): Promise<void> {
  const answer = await session.client.dryRunBackfill(body);
  show(session, answer, () => describeDryRun(answer));
}

function describeDryRun({ backfills, skipped }: DryRunBackfillCollection): string {
  if (backfills.length + skipped.length === 0) return 'The schedule has no run in this range\n';
  const rows = [
    ...backfills.map((one) => [
      formatInstant(one.logical_date),
      one.partition_key ?? '',
      one.action === 'create' ? 'create' : 'run anew',
      one.dag_run_id ?? '',
    ]),
    ...skipped.map((one) => [formatInstant(one.logical_date), '', `skip: ${one.reason}`, one.dag_run_id]),
  ];
  return `${formatTable(['logical date', 'partition', 'what', 'run'], rows)}\n${backfills.length} to run, ${skipped.length} skipped; nothing was done\n`;
}

async function list(session: Session, dagId: string): Promise<void> {
  const found: Backfill[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await session.client.backfills(dagId, { limit: PAGE, offset: found.length, order_by: '-id' });
    found.push(...page.backfills);
    total = page.backfills.length === 0 ? 0 : page.total_entries;
  }
  show(session, { backfills: found, total_entries: found.length }, () => {
    if (found.length === 0) return `${dagId} has no backfills\n`;
    const rows = found.map((one) => [
      one.id,
      stateOf(one),
      formatInstant(one.from_date),
      formatInstant(one.to_date),
      one.reprocess_behavior,
      one.max_active_runs,
      formatInstant(one.created_at),
    ]);
    return formatTable(['backfill', 'state', 'from', 'to', 'reprocess', 'at once', 'created'], rows);
  });
}

function stateOf({ is_cancelled, is_paused, completed_at }: Backfill): string {
  if (is_cancelled) return 'cancelled';
  if (completed_at !== null) return 'complete';
  return is_paused ? 'paused' : 'under way';
}
