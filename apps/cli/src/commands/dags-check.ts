/** `headrace dags check`, for continuous integration. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { loadConfiguration } from '@headrace/configuration';
import { type Command, Option } from 'commander';
import { findServer } from '../api-connection.ts';
import type { LintContext } from '../check/lint.ts';
import type { CheckReport } from '../check/report.ts';
import { FailedError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { inPlace } from '../output/task-bar.ts';
import type { Terminal } from '../terminal.ts';

interface CheckOptions {
  readonly against?: string;
  readonly format?: 'text' | 'markdown' | 'github';
  readonly markdown?: string;
  readonly types: boolean;
  readonly strict?: boolean;
  readonly requireOwner?: boolean;
  readonly requireTag?: readonly string[];
}

const words = (text: string, before: readonly string[] = []): readonly string[] => [...before, ...text.split(',').map((one) => one.trim())];

export function addDagCheckCommand(dags: Command, terminal: Terminal): void {
  dags
    .command('check')
    .description('what is wrong with the DAG files, and what they would change: loads, lints and type-checks them; exits with 1 for errors')
    .argument('[folder]', 'HEADRACE_DAGS if not given')
    .option('--against <base>', 'with a plan: the URL of a server, another folder, or a commit such as origin/main')
    .addOption(new Option('--format <format>', 'github: annotations of lines').choices(['text', 'markdown', 'github']))
    .option('--markdown <file>', 'also write a comment for a pull request into this file')
    .option('--no-types', 'leave out the compiler')
    .option('--strict', 'warnings fail it, too')
    .option('--require-owner', 'every DAG must have an owner')
    .option('--require-tag <tags>', 'every DAG must have one of these tags; separated by commas', words)
    .action(async (folder: string | undefined, options: CheckOptions, command: Command) => {
      const configuration = await loadConfiguration({ env: terminal.env });
      const dagsDir = resolve(folder ?? configuration.dags);
      const server = options.against !== undefined && /^https?:\/\//.test(options.against) ? options.against : undefined;
      const found =
        server === undefined
          ? undefined
          : await findServer({ ...command.optsWithGlobals<{ token?: string; profile?: string }>(), url: server }, terminal);
      const [{ checkDags }, { baseOf }, report, { surroundings }] = await Promise.all([
        import('../check/check-dags.ts'),
        import('../check/plan-base.ts'),
        import('../check/report.ts'),
        import('../check/surroundings.ts'),
      ]);
      const context: LintContext = {
        now: Date.now(),
        requireOwner: options.requireOwner ?? false,
        tags: options.requireTag ?? [],
        ...(await surroundings(found, configuration)),
      };
      const bar = inPlace(terminal.stderr);
      const { against } = options;
      const checked = await checkDags({
        dagsDir,
        context,
        types: options.types,
        told: (done, total) => bar.show(done, total, 'DAG files'),
        ...(against === undefined ? {} : { base: () => baseOf({ against, dagsDir, token: found?.token }) }),
      });
      bar.end();
      if (options.markdown !== undefined) writeFileSync(options.markdown, report.markdownReport(checked));
      const texts = { text: report.textReport, markdown: report.markdownReport, github: report.githubReport };
      show({ output: outputOf(command), terminal }, documentOf(checked, report.countOf(checked)), () =>
        texts[options.format ?? 'text'](checked),
      );
      const { errors, warnings } = report.countOf(checked);
      if (errors > 0 || (options.strict === true && warnings > 0))
        throw new FailedError(`${errors} errors${options.strict === true ? ` and ${warnings} warnings` : ''}`);
    });
}

function documentOf({ findings, plan, ...counts }: CheckReport, { errors, warnings }: { errors: number; warnings: number }) {
  return {
    files: counts.files,
    dags: counts.dags,
    errors,
    warnings,
    types_unchecked: counts.typesUnchecked ?? null,
    findings: findings.map(({ severity, rule, message, file, line, column, dagId, taskId }) => ({
      severity,
      rule,
      message,
      file: file ?? null,
      line: line ?? null,
      column: column ?? null,
      dag_id: dagId ?? null,
      task_id: taskId ?? null,
    })),
    ...(plan === undefined ? {} : { plan: planDocument(plan) }),
  };
}

function planDocument({ against, added, removed, changed, unchanged }: NonNullable<CheckReport['plan']>) {
  const instant = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString());
  return {
    against,
    unchanged,
    added: added.map(({ dagId, tasks, schedule, nextRun, paused }) => ({
      dag_id: dagId,
      tasks,
      schedule,
      paused,
      next_run: instant(nextRun),
    })),
    removed: removed.map((dagId) => ({ dag_id: dagId })),
    changed: changed.map(({ dagId, diff, codeChanged, nextRun }) => ({
      dag_id: dagId,
      code_changed: codeChanged,
      next_run: instant(nextRun),
      tasks: { ...diff.tasks, changed: diff.tasks.changed.map(({ taskId, fields }) => ({ task_id: taskId, fields })) },
      edges: diff.edges,
      schedule: diff.schedule,
      dag: diff.dag,
    })),
  };
}
