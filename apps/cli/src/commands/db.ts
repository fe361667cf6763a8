import { forService, loadConfiguration, secretsOf } from '@headrace/configuration';
import type { Command } from 'commander';
import { migrated, tellAudit } from '../audited-command.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import type { Terminal } from '../terminal.ts';
import { addDatabaseCleanCommand } from './db-clean.ts';
import { addDatabaseExportCommand } from './db-export.ts';

export function addDatabaseCommands(program: Command, terminal: Terminal): void {
  const db = program.command('db').description("Headrace's own database (DATABASE_URL)");
  db.command('migrate')
    .description('bring its schema up to date; safe to repeat, and while Headrace runs')
    .action(async (_, command: Command) => {
      const configuration = forService(await loadConfiguration({ env: terminal.env }));
      const [{ migrate }, { migrateQueue }, { createLog }] = await Promise.all([
        import('@headrace/store-postgres'),
        import('@headrace/queue-bullmq'),
        import('@headrace/telemetry'),
      ]);
      const log = createLog({
        name: 'migrate',
        level: 'warn',
        pretty: true,
        destination: terminal.stderr,
        secrets: secretsOf(configuration),
      });
      const { applied } = await migrate(configuration.databaseUrl, { log });
      if (applied.length > 0) await tellAudit(configuration.databaseUrl, migrated(applied));
      await migrateQueue({ url: configuration.queueUrl });
      show({ output: outputOf(command), terminal }, { applied }, () =>
        applied.length === 0 ? 'The schema is up to date\n' : `Applied ${applied.join(', ')}\nThe schema is up to date\n`,
      );
    });
  addDatabaseCleanCommand(db, terminal);
  addDatabaseExportCommand(db, terminal);
}
