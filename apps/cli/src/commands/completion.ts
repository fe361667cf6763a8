/** `headrace completion`: what makes a shell complete commands, options and names. */
import { Argument, type Command } from 'commander';
import { complete } from '../completion.ts';
import type { Terminal } from '../terminal.ts';

const SCRIPTS: Readonly<Record<string, string>> = {
  bash: `_headrace() {
  local IFS=$'\\n'
  # A word is what stands between spaces: ids of runs have colons.
  local line="\${COMP_LINE:0:COMP_POINT}" words
  IFS=' ' read -ra words <<< "$line"
  [[ "$line" == *' ' ]] && words+=('')
  local typed="\${words[-1]}"
  local before="\${typed%"\${COMP_WORDS[COMP_CWORD]}"}"
  COMPREPLY=()
  local word
  while read -r word; do
    COMPREPLY+=("\${word#"$before"}")
  done < <(headrace __complete -- "\${words[@]:1}" 2>/dev/null)
}
complete -o default -F _headrace headrace
`,
  zsh: `#compdef headrace
_headrace() {
  local -a offered
  offered=("\${(@f)$(headrace __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "$offered" ]]; then
    compadd -a offered
  else
    _files
  fi
}
compdef _headrace headrace
`,
  fish: `function __headrace_complete
  set -l words (commandline -opc) (commandline -ct)
  headrace __complete -- $words[2..-1] 2>/dev/null
end
complete -c headrace -a '(__headrace_complete)'
`,
};

export function addCompletionCommands(program: Command, terminal: Terminal): void {
  program
    .command('completion')
    .description('a script that makes a shell complete commands, options, and ids of DAGs, runs and tasks')
    .addArgument(new Argument('<shell>').choices(Object.keys(SCRIPTS)))
    .action((shell: string) => void terminal.stdout.write(SCRIPTS[shell] ?? ''));

  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      const offered = await complete(program, words, terminal);
      terminal.stdout.write(offered.map((word) => `${word}\n`).join(''));
    });
}
