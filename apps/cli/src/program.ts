/** `headrace`: what it can do, and what becomes of errors. */
import { Command, CommanderError, Option } from 'commander';
import { addAssetCommands } from './commands/assets.ts';
import { addAuditCommands } from './commands/audit.ts';
import { addBackfillCommands } from './commands/backfill.ts';
import { addCompletionCommands } from './commands/completion.ts';
import { addConnectionCommands } from './commands/connections.ts';
import { addCursorCommands } from './commands/cursors.ts';
import { addDagCommands } from './commands/dags.ts';
import { addDataReportCommands } from './commands/data-reports.ts';
import { addDatabaseCommands } from './commands/db.ts';
import { addDoctorCommand } from './commands/doctor.ts';
import { addExplainCommand } from './commands/explain.ts';
import { addGrantCommands } from './commands/grants.ts';
import { addInitCommand } from './commands/init.ts';
import { addLineageCommand } from './commands/lineage.ts';
import { addLoginCommands } from './commands/login.ts';
import { addLogCommands } from './commands/logs.ts';
import { addNoticeCommands } from './commands/notices.ts';
import { addPackageCommands } from './commands/packages.ts';
import { addPoolCommands } from './commands/pools.ts';
import { addProcessCommands } from './commands/processes.ts';
import { addProfileCommands } from './commands/profiles.ts';
import { addRunCommands } from './commands/runs.ts';
import { addTaskCommands } from './commands/tasks.ts';
import { addTokenCommands } from './commands/tokens.ts';
import { addUserCommands } from './commands/users.ts';
import { addVariableCommands } from './commands/variables.ts';
import { addVersionCommand } from './commands/version.ts';
import { addWaitCommands } from './commands/waits.ts';
import { addXComCommands } from './commands/xcoms.ts';
import { addExamples } from './examples.ts';
import { exitCodeOf } from './exit-codes.ts';
import { explainFailure } from './failures.ts';
import { OUTPUT_FORMATS } from './output/output-format.ts';
import type { Terminal } from './terminal.ts';

const EXAMPLES = `
Start here:
  headrace init shop                            a new project
  headrace standalone                           everything on this machine, with nothing to install
  headrace dags trigger hello --wait            run a DAG and watch its tasks
  headrace tasks logs hello latest report       read the log of a task
  headrace dags test dags/hello.ts              one run in this process, with no server at all

Commands that ask the API find it by --url, --profile, HEADRACE_URL, the profile in use, or HEADRACE_HOST and HEADRACE_PORT,
and the token by --token, HEADRACE_TOKEN, the profile, or in HEADRACE_HOME/admin-token.
In place of a run's id, "latest" means the newest run of the DAG. All settings: docs/configuration.md.
Exit codes: 0 done, 1 it failed, 2 wrong arguments or settings, 3 not found, 4 refused, 5 nobody answers.`;

/** Runs one command line. Answers with the exit code; never throws. */
export async function runProgram(args: readonly string[], terminal: Terminal): Promise<number> {
  const program = createProgram(terminal);
  try {
    await program.parseAsync(args, { from: 'user' });
    return 0;
  } catch (error) {
    // Commander has written its message already; showing help is no failure.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    terminal.stderr.write(`${explainFailure(error)}\n`);
    return exitCodeOf(error);
  }
}

/**
 * All commands; none is run yet.
 * @internal for tests and the document
 */
export function createProgram(terminal: Terminal): Command {
  const program = new Command('headrace')
    .description('Headrace runs ELT and batch pipelines written in TypeScript.')
    .addOption(
      new Option('-o, --output <format>', 'table for people; json, yaml or csv for programs: one document on stdout, nothing else')
        .choices(OUTPUT_FORMATS)
        .default('table'),
    )
    .addOption(new Option('--url <url>', 'the API to talk to'))
    .addOption(new Option('--token <token>', 'for the API; HEADRACE_TOKEN or a profile keeps it out of the history of the shell'))
    .addOption(new Option('--profile <name>', 'the server of this profile'))
    .helpOption('-h, --help', 'show what a command does and takes')
    .helpCommand(false)
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(--help shows what it takes)')
    .configureHelp({ sortSubcommands: false, showGlobalOptions: true })
    .configureOutput({ writeOut: (text) => terminal.stdout.write(text), writeErr: (text) => terminal.stderr.write(text) })
    .exitOverride();
  addProcessCommands(program, terminal);
  addDatabaseCommands(program, terminal);
  addDagCommands(program, terminal);
  addRunCommands(program, terminal);
  addBackfillCommands(program, terminal);
  addTaskCommands(program, terminal);
  addLogCommands(program, terminal);
  addLineageCommand(program, terminal);
  addWaitCommands(program, terminal);
  addExplainCommand(program, terminal);
  addNoticeCommands(program, terminal);
  addAssetCommands(program, terminal);
  addPoolCommands(program, terminal);
  addConnectionCommands(program, terminal);
  addDataReportCommands(program, terminal);
  addCursorCommands(program, terminal);
  addPackageCommands(program, terminal);
  addVariableCommands(program, terminal);
  addXComCommands(program, terminal);
  addProfileCommands(program, terminal);
  addLoginCommands(program, terminal);
  addUserCommands(program, terminal);
  addTokenCommands(program, terminal);
  addGrantCommands(program, terminal);
  addAuditCommands(program, terminal);
  addInitCommand(program, terminal);
  addDoctorCommand(program, terminal);
  addCompletionCommands(program, terminal);
  addVersionCommand(program, terminal);
  addExamples(program);
  return program;
}
