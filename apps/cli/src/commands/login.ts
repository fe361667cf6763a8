/** `headrace login`: a bearer token for a name and a password, kept in a profile. */
import type { LoginResponse, Me } from '@headrace/api-contract';
import { createClient } from '@headrace/client';
import type { Command } from 'commander';
import { findServer, openSession } from '../api-connection.ts';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatFacts } from '../output/table.ts';
import { readProfiles, writeProfiles } from '../profiles.ts';
import { askSecret, secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

interface LoginOptions {
  readonly passwordStdin?: boolean;
  /** `--profile` and `--url` of the program. */
  readonly profile?: string;
  readonly url?: string;
}

export function addLoginCommands(program: Command, terminal: Terminal): void {
  program
    .command('login')
    .description('get a token for a name and a password, and keep it in the profile in use or in the one named by --profile')
    .argument('<user>')
    .option('--password-stdin', 'read the password from standard input')
    .action(async (username: string, _: LoginOptions, command: Command) => {
      const options = command.optsWithGlobals<LoginOptions>();
      const { url } = await findServer(options.url === undefined ? options : { url: options.url }, terminal);
      const password =
        options.passwordStdin === true ? await secretFromStdin(terminal) : await askSecret(terminal, `Password of ${username} at ${url}: `);
      if (password === undefined || password === '') throw new UsageError('There is no terminal to ask on: use --password-stdin');
      const client = createClient({ url, client: 'cli' });
      const { access_token: token } = await client.request<LoginResponse>('/auth/token', { method: 'POST', body: { username, password } });
      const { current, profiles } = readProfiles(terminal.env);
      const name =
        options.profile ?? (options.url === undefined ? current : undefined) ?? new URL(url).host.replaceAll(/[^A-Za-z0-9._-]/g, '_');
      writeProfiles(terminal.env, {
        current: options.profile === undefined ? name : (current ?? name),
        profiles: { ...profiles, [name]: { url, token } },
      });
      show(
        { output: outputOf(command), terminal },
        { username, url, profile: name },
        () => `${username} is logged in at ${url}: profile ${name}\n`,
      );
    });

  program
    .command('logout')
    .description('end the token of the profile in use, or of the one named by --profile')
    .action(async (_, command: Command) => {
      const { profile } = command.optsWithGlobals<LoginOptions>();
      const before = readProfiles(terminal.env);
      const name = profile ?? before.current;
      const session = await openSession(command, terminal);
      await session.client.request<void>('/auth/logout', { method: 'POST' });
      const known = name === undefined ? undefined : before.profiles[name];
      if (name !== undefined && known !== undefined)
        writeProfiles(terminal.env, { ...before, profiles: { ...before.profiles, [name]: { url: known.url } } });
      show(session, { ended: true }, () => 'The token is good no more\n');
    });

  program
    .command('whoami')
    .description('who the API takes you for, and what you may')
    .action(async (_, command: Command) => {
      const session = await openSession(command, terminal);
      const me = await session.client.request<Me>('/headrace/v1/me');
      show(session, me, () =>
        formatFacts([
          ['user', me.username],
          ['by', me.credential],
          ['roles', me.roles.join(', ')],
          ['groups', me.groups.join(', ')],
          [
            'may',
            Object.entries(me.permissions)
              .map(([kind, most]) => `${most} ${kind}`)
              .join(', '),
          ],
        ]),
      );
    });
}
