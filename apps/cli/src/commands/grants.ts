/** `headrace grants`: what is allowed to whom, of single DAGs, assets and connections. */
import type { CreateGrant, Grant, GrantCollection } from '@headrace/api-contract';
import { Argument, type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;
const GRANTS = '/headrace/v1/grants';

interface Subject {
  readonly user?: string;
  readonly role?: CreateGrant['role'];
  readonly group?: string;
}

export function addGrantCommands(program: Command, terminal: Terminal): void {
  const grants = program
    .command('grants')
    .description('allow users, roles and groups what they may do to single DAGs, assets and connections');

  grants
    .command('list')
    .description('all grants, or those of a user')
    .option('--user <name>')
    .action(async ({ user }: Subject, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allGrants(session, user);
      show(session, { grants: found, total_entries: found.length }, () => tableOf(found));
    });

  grants
    .command('add')
    .description('allow an action; each has the lesser ones: operate includes read, edit includes operate')
    .addArgument(new Argument('<action>').choices(['read', 'operate', 'edit']))
    .addArgument(new Argument('<object>').choices(['dag', 'asset', 'connection']))
    .argument('<pattern>', 'an id, or ids with * for any text')
    .option('--user <name>', 'to this user')
    .addOption(new Option('--role <role>', 'to all with this role').choices(['viewer', 'user', 'op', 'admin']))
    .option('--group <name>', 'to all in this group of the identity provider')
    .action(async (action: CreateGrant['action'], object: CreateGrant['object'], pattern: string, to: Subject, command: Command) => {
      if ([to.user, to.role, to.group].filter((one) => one !== undefined).length !== 1)
        throw new UsageError('Say to whom: one of --user, --role and --group');
      const session = await openSession(command, terminal);
      const body: CreateGrant = {
        action,
        object,
        pattern,
        ...(to.user === undefined ? {} : { username: to.user }),
        ...(to.role === undefined ? {} : { role: to.role }),
        ...(to.group === undefined ? {} : { group: to.group }),
      };
      const added = await session.client.request<Grant>(GRANTS, { method: 'POST', body });
      show(session, added, () => tableOf([added]));
    });

  grants
    .command('remove')
    .description('take a grant back')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      if (!/^\d+$/.test(id)) throw new UsageError(`<id> must be a number of \`headrace grants list\`, not "${id}"`);
      const session = await openSession(command, terminal);
      await session.client.request<void>(`${GRANTS}/${id}`, { method: 'DELETE' });
      show(session, { removed: Number(id) }, () => `Grant ${id} is taken back\n`);
    });
}

async function allGrants({ client }: Session, user: string | undefined): Promise<readonly Grant[]> {
  const found: Grant[] = [];
  for (let total = 1; found.length < total; ) {
    const query = { limit: PAGE, offset: found.length, ...(user === undefined ? {} : { username: user }) };
    const page = await client.request<GrantCollection>(GRANTS, { query });
    found.push(...page.grants);
    total = page.grants.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

function tableOf(grants: readonly Grant[]): string {
  if (grants.length === 0) return 'There are no grants: roles alone say who may what\n';
  return formatTable(
    ['id', 'to', 'action', 'object', 'pattern', 'granted by'],
    grants.map((grant) => [String(grant.id), subjectText(grant), grant.action, grant.object, grant.pattern, grant.created_by ?? '']),
  );
}

function subjectText({ username, role, group }: Grant): string {
  if (username !== null) return `user ${username}`;
  return role === null ? `group ${group}` : `role ${role}`;
}
