/** `headrace tokens`: API keys, one's own and, for administrators, those of others. */
import type { ApiKey, ApiKeyCollection, ApiKeyScope } from '@headrace/api-contract';
import type { Command } from 'commander';
import { openSession, type Session } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import type { Terminal } from '../terminal.ts';

const PAGE = 100;
const TOKENS = '/headrace/v1/tokens';
const ACTIONS = ['read', 'operate', 'edit', 'administer'] as const;
const OBJECTS = ['*', 'dag', 'asset', 'connection', 'pool', 'variable', 'system', 'audit', 'user'] as const;
const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 };

interface CreateOptions {
  readonly user?: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
}

const collect = (value: string, before: readonly string[] = []): readonly string[] => [...before, value];

export function addTokenCommands(program: Command, terminal: Terminal): void {
  const tokens = program.command('tokens').description('see, create and revoke API keys');

  tokens
    .command('list')
    .description('your own keys; for administrators also those of another')
    .option('--user <name>', 'of this user')
    .action(async ({ user }: { user?: string }, command: Command) => {
      const session = await openSession(command, terminal);
      const found = await allKeys(session, user);
      show(session, { tokens: found, total_entries: found.length }, () => tableOf(found));
    });

  tokens
    .command('create')
    .description('create a key: it is shown this once. It may what its user may, within its scopes')
    .argument('<name>', 'what it is for')
    .option(
      '--scope <action:object[:pattern]>',
      'such as operate:dag:sales_*; may be repeated. Without any: all that its user may',
      collect,
    )
    .option('--expires <time>', 'after so many hours or days (90d), or never', '90d')
    .option('--user <name>', 'whose key, for administrators')
    .action(async (name: string, options: CreateOptions, command: Command) => {
      const scopes = options.scope?.map(scopeOf);
      const expiresAt = expiryOf(options.expires ?? '90d');
      const session = await openSession(command, terminal);
      const body = {
        name,
        ...(options.user === undefined ? {} : { username: options.user }),
        ...(scopes === undefined ? {} : { scopes }),
        ...(expiresAt === undefined ? {} : { expires_at: expiresAt }),
      };
      const made = await session.client.request<ApiKey & { readonly key: string }>(TOKENS, { method: 'POST', body });
      show(
        session,
        made,
        () => `${made.key}\n\nThis is all that will ever be seen of it: keep it where secrets are kept.\n${tableOf([made])}`,
      );
    });

  tokens
    .command('revoke')
    .description('a key that is good no more from the next request on')
    .argument('<id>')
    .action(async (id: string, _, command: Command) => {
      if (!/^\d+$/.test(id)) throw new UsageError(`<id> must be a number of \`headrace tokens list\`, not "${id}"`);
      const session = await openSession(command, terminal);
      await session.client.request<void>(`${TOKENS}/${id}`, { method: 'DELETE' });
      show(session, { revoked: Number(id) }, () => `Key ${id} is revoked\n`);
    });
}

function scopeOf(text: string): ApiKeyScope {
  const [given, kind, ...rest] = text.split(':');
  const action = ACTIONS.find((one) => one === given);
  const object = OBJECTS.find((one) => one === kind);
  if (action === undefined || object === undefined)
    throw new UsageError(
      `--scope must be action:object or action:object:pattern, with ${ACTIONS.join(', ')} and ${OBJECTS.join(', ')}; not "${text}"`,
    );
  return { action, object, ...(rest.length === 0 ? {} : { pattern: rest.join(':') }) };
}

/** Undefined: never. */
function expiryOf(text: string): string | undefined {
  if (text === 'never') return undefined;
  const [, count, unit = ''] = /^(\d{1,4})([hd])$/.exec(text) ?? [];
  const ms = UNITS[unit];
  if (count === undefined || ms === undefined || Number(count) === 0)
    throw new UsageError(`--expires must be such as 12h, 90d or never, not "${text}"`);
  return new Date(Date.now() + Number(count) * ms).toISOString();
}

async function allKeys({ client }: Session, user: string | undefined): Promise<readonly ApiKey[]> {
  const found: ApiKey[] = [];
  for (let total = 1; found.length < total; ) {
    const query = { limit: PAGE, offset: found.length, ...(user === undefined ? {} : { username: user }) };
    const page = await client.request<ApiKeyCollection>(TOKENS, { query });
    found.push(...page.tokens);
    total = page.tokens.length === 0 ? 0 : page.total_entries;
  }
  return found;
}

function tableOf(keys: readonly ApiKey[]): string {
  if (keys.length === 0) return 'There are no API keys: make one with `headrace tokens create`\n';
  return formatTable(
    ['id', 'name', 'user', 'ends in', 'scopes', 'expires', 'last used', 'revoked'],
    keys.map((key) => [
      String(key.id),
      key.name,
      key.username,
      key.hint,
      key.scopes.map(({ action, object, pattern }) => `${action}:${object}:${pattern}`).join(' '),
      key.expires_at ?? 'never',
      key.last_used_at ?? 'never',
      key.revoked_at ?? '',
    ]),
  );
}
