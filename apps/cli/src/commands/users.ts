/** `headrace users`: who may come in, and with which roles. */
import type { CreateUser, PatchUser, User, UserCollection } from '@headrace/api-contract';
import { type Command, Option } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatFacts, formatTable } from '../output/table.ts';
import { askSecret, secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';
import { createUserInDatabase } from '../user-in-database.ts';

const PAGE = 100;
const USERS = '/headrace/v1/users';
const ROLES = ['viewer', 'user', 'op', 'admin'] as const;
type Role = (typeof ROLES)[number];

interface UserOptions {
  readonly role?: readonly Role[];
  readonly displayName?: string;
  readonly email?: string;
  readonly passwordStdin?: boolean;
  readonly password?: boolean;
  readonly active?: boolean;
  readonly database?: boolean;
}

export function addUserCommands(program: Command, terminal: Terminal): void {
  const users = program.command('users').description('see, create, change and delete users');

  users
    .command('list')
    .description('all users with their roles')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allUsers(session);
      show(session, { users: found, total_entries: found.length }, () => tableOf(found));
    });

  users
    .command('show')
    .description('one user')
    .argument('<name>')
    .action(async (name: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await session.client.request<User>(addressOf(name));
      show(session, found, () => factsOf(found));
    });

  withFields(
    users.command('create').description('create a user; the password is asked for, or read from standard input').argument('<name>'),
  )
    .option('--database', 'write to DATABASE_URL from here: for the first user, where no API can be asked')
    .action(async (name: string, options: UserOptions, command: Command) => {
      const password = await passwordOf({ ...options, password: options.password ?? true }, terminal);
      const body: CreateUser = { username: name, ...fieldsOf(options), ...(password === undefined ? {} : { password }) };
      if (options.database === true) {
        const made = await createUserInDatabase(body, terminal);
        show({ output: outputOf(command), terminal }, made, () => `User ${made.username} is created (${rolesText(made.roles)})\n`);
        return;
      }
      const session = await openSession(command, terminal);
      const made = await session.client.request<User>(USERS, { method: 'POST', body });
      show(session, made, () => factsOf(made));
    });

  withFields(users.command('edit').description('change a user; what is not given stays').argument('<name>'))
    .option('--active', 'let it in again')
    .option('--no-active', 'let it in no more; all its sessions, tokens and keys are good no longer')
    .action(async (name: string, options: UserOptions, command: Command) => {
      const password = await passwordOf(options, terminal);
      const body: PatchUser = {
        ...fieldsOf(options),
        ...(options.active === undefined ? {} : { is_active: options.active }),
        ...(password === undefined ? {} : { password }),
      };
      if (Object.keys(body).length === 0)
        throw new UsageError('Say what to change: --role, --display-name, --email, --password, --no-active');
      const session = await openSession(command, terminal);
      const changed = await session.client.request<User>(addressOf(name), { method: 'PATCH', body });
      show(session, changed, () => factsOf(changed));
    });

  users
    .command('delete')
    .description('delete a user with its sessions, keys and grants')
    .argument('<name>')
    .action(async (name: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      await session.client.request<void>(addressOf(name), { method: 'DELETE' });
      show(session, { deleted: name }, () => `User ${name} is deleted\n`);
    });

  users
    .command('logout')
    .description('end all sessions and bearer tokens of a user')
    .argument('<name>')
    .action(async (name: string, _, command: Command) => {
      const session = await openSession(command, terminal);
      const { ended } = await session.client.request<{ ended: number }>(`${addressOf(name)}/sessions`, { method: 'DELETE' });
      show(session, { ended }, () => `${ended} ${ended === 1 ? 'session' : 'sessions'} of ${name} ended\n`);
    });
}

function withFields(command: Command): Command {
  return command
    .addOption(new Option('--role <role>', 'may be repeated').choices(ROLES).argParser(collectRole))
    .option('--display-name <text>')
    .option('--email <address>')
    .option('--password', 'ask for the password')
    .option('--no-password', 'without one: for an identity provider, or for grants and keys alone')
    .option('--password-stdin', 'read the password from standard input');
}

function collectRole(value: string, before: readonly Role[] = []): readonly Role[] {
  const role = ROLES.find((one) => one === value);
  if (role === undefined) throw new UsageError(`--role must be one of ${ROLES.join(', ')}, not "${value}"`);
  return [...before, role];
}

function fieldsOf({ role, displayName, email }: UserOptions) {
  return {
    ...(role === undefined ? {} : { roles: [...new Set(role)] }),
    ...(displayName === undefined ? {} : { display_name: displayName }),
    ...(email === undefined ? {} : { email }),
  };
}

/** A password in the arguments would stay in the history of the shell. */
async function passwordOf({ passwordStdin, password }: UserOptions, terminal: Terminal): Promise<string | undefined> {
  if (passwordStdin === true) return secretFromStdin(terminal);
  if (password !== true) return undefined;
  const typed = await askSecret(terminal, 'Password: ');
  if (typed === undefined || typed === '')
    throw new UsageError('No password was given: type one, use --password-stdin, or say --no-password');
  if ((await askSecret(terminal, 'Once more: ')) !== typed) throw new UsageError('The two passwords differ');
  return typed;
}

async function allUsers({ client }: Session): Promise<readonly User[]> {
  const found: User[] = [];
  for (let total = 1; found.length < total; ) {
    const page = await client.request<UserCollection>(USERS, { query: { limit: PAGE, offset: found.length } });
    found.push(...page.users);
    total = page.users.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

function addressOf(name: string): string {
  return `${USERS}/${encodeURIComponent(name)}`;
}

function rolesText(roles: readonly string[]): string {
  return roles.length === 0 ? 'no role' : roles.join(', ');
}

function tableOf(users: readonly User[]): string {
  if (users.length === 0) return 'There are no users: make one with `headrace users create`\n';
  return formatTable(
    ['user', 'roles', 'groups', 'active', 'password', 'identity provider', 'last login'],
    users.map((user) => [
      user.username,
      user.roles.join(', '),
      user.groups.join(', '),
      user.is_active ? 'yes' : 'no',
      user.has_password ? 'yes' : 'no',
      user.identity?.issuer ?? '',
      user.last_login_at ?? 'never',
    ]),
  );
}

function factsOf(user: User): string {
  return formatFacts([
    ['user', user.username],
    ['name', user.display_name],
    ['email', user.email],
    ['roles', rolesText(user.roles)],
    ['groups', user.groups.join(', ')],
    ['active', user.is_active ? 'yes' : 'no'],
    ['password', user.has_password ? 'yes' : 'no'],
    ['identity', user.identity === null ? null : `${user.identity.subject} at ${user.identity.issuer}`],
    ['created', user.created_at],
    ['last login', user.last_login_at],
  ]);
}
