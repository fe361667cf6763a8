/** `headrace profile`: the servers that somebody works with. */
import type { Command } from 'commander';
import { UsageError } from '../failures.ts';
import { outputOf } from '../output/output-format.ts';
import { show } from '../output/show.ts';
import { formatTable } from '../output/table.ts';
import { type Profile, profileNamed, readProfiles, writeProfiles } from '../profiles.ts';
import { askSecret, secretFromStdin } from '../read-secret.ts';
import type { Terminal } from '../terminal.ts';

interface AddOptions {
  readonly tokenStdin?: boolean;
  /** `--token` of the program. */
  readonly token?: string;
  readonly use?: boolean;
}

export function addProfileCommands(program: Command, terminal: Terminal): void {
  const profile = program.command('profile').description('keep the URLs and tokens of servers, and choose among them');

  profile
    .command('add')
    .description('keep a server; the token is asked for, or read from standard input')
    .argument('<name>')
    .argument('<server>', 'its URL: https://headrace.example.com')
    .option('--token-stdin', 'read the token from standard input')
    .option('--use', 'use it from now on; the first profile is used at once')
    .action(async (name: string, url: string, _: AddOptions, command: Command) => {
      if (!/^[A-Za-z0-9._-]+$/.test(name))
        throw new UsageError(`"${name}" cannot be the name of a profile: letters, digits, ".", "_", "-"`);
      if (!/^https?:\/\//.test(url) || !URL.canParse(url))
        throw new UsageError(`<server> must be an http:// or https:// URL, not "${url}"`);
      if (new URL(url).username !== '') throw new UsageError('<server> must hold no user: the token is asked for');
      const options = command.optsWithGlobals<AddOptions>();
      const token = await tokenOf(options, terminal);
      const { current, profiles } = readProfiles(terminal.env);
      const used = options.use === true || current === undefined ? name : current;
      const added: Profile = { url: url.replace(/\/+$/, ''), ...(token === undefined ? {} : { token }) };
      writeProfiles(terminal.env, { current: used, profiles: { ...profiles, [name]: added } });
      show(
        { output: outputOf(command), terminal },
        documentOf(name, added, used),
        () => `Profile ${name} is kept${used === name ? ' and used from now on' : `; use it with \`headrace profile use ${name}\``}\n`,
      );
    });

  profile
    .command('use')
    .description('talk to this server when a command names none')
    .argument('<name>')
    .action((name: string, _, command: Command) => {
      const before = readProfiles(terminal.env);
      const chosen = profileNamed(before, name);
      writeProfiles(terminal.env, { ...before, current: name });
      show({ output: outputOf(command), terminal }, documentOf(name, chosen, name), () => `Commands talk to ${chosen.url} from now on\n`);
    });

  profile
    .command('list')
    .description('all profiles; tokens are not shown')
    .action((_, command: Command) => {
      const { current, profiles } = readProfiles(terminal.env);
      const documents = Object.entries(profiles)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([name, one]) => documentOf(name, one, current));
      show({ output: outputOf(command), terminal }, { profiles: documents, total_entries: documents.length }, () =>
        documents.length === 0
          ? 'There are no profiles: make one with `headrace profile add`\n'
          : formatTable(
              ['', 'profile', 'url', 'token'],
              documents.map((one) => [one.current ? '*' : '', one.name, one.url, one.has_token ? 'kept' : 'none']),
            ),
      );
    });

  profile
    .command('remove')
    .description('forget a server and its token')
    .argument('<name>')
    .action((name: string, _, command: Command) => {
      const before = readProfiles(terminal.env);
      profileNamed(before, name);
      const { [name]: _removed, ...others } = before.profiles;
      const current = before.current === name ? undefined : before.current;
      writeProfiles(terminal.env, { profiles: others, ...(current === undefined ? {} : { current }) });
      show({ output: outputOf(command), terminal }, { removed: name }, () => `Profile ${name} is removed\n`);
    });
}

async function tokenOf({ token, tokenStdin }: AddOptions, terminal: Terminal): Promise<string | undefined> {
  if (token !== undefined) return token;
  const given = tokenStdin === true ? await secretFromStdin(terminal) : await askSecret(terminal, 'Token (none: just Enter): ');
  return given === undefined || given.trim() === '' ? undefined : given.trim();
}

function documentOf(name: string, { url, token }: Profile, current: string | undefined) {
  return { name, url, has_token: token !== undefined, current: name === current };
}
