/** The groups of operations, in the order in which the document shows them. Names that Airflow has are its own. */
const TAGS: Readonly<Record<string, string>> = {
  DAG: 'Pipelines, as their files define them.',
  DagVersion: 'What each DAG looked like when a run began, and what changed since.',
  DagSource: 'The text of the file that a DAG came from.',
  DagStats: 'How many runs of each DAG are in which state.',
  DagWarning: 'What is odd about a DAG and does not keep it from running.',
  'DAG Parsing': 'Having a file read again.',
  Task: 'The tasks of a DAG.',
  'Import Error': 'Files that could not be loaded, and why.',
  DagRun: 'Runs of DAGs: trigger, watch, clear, mark, cancel.',
  'Task Instance': 'Tasks of a run: their states, tries, logs and progress.',
  'Extra Links': 'Links of a task instance to what it did elsewhere.',
  XCom: 'Results of tasks.',
  Event: 'Changes of state, told while they happen.',
  Wait: 'What tasks wait for, and the calls that end a wait.',
  Backfill: 'Runs for dates that have passed.',
  Asset: 'What tasks make and others wait for.',
  Progress: 'How far running tasks are.',
  Data: 'What loads did to tables: rows, checks, quarantine.',
  Cursor: 'How far incremental extracts have come.',
  Lineage: 'Which table is made of which.',
  Pool: 'Slots that tasks share.',
  Connection: 'Systems that tasks talk to. Secrets go in and never come out.',
  Variable: 'Values that tasks read.',
  Notice: 'Messages about failures and missed deadlines, and their delivery.',
  'Event Log': 'Who did what.',
  Audit: 'Who did what, chained so that a gap shows.',
  Job: 'The processes that work.',
  Config: 'The settings in force.',
  Plugin: 'Extensions.',
  Provider: 'The kinds of systems that can be talked to.',
  Monitor: 'Whether it works.',
  Version: 'Which version this is.',
  Login: 'Sessions and tokens.',
  User: 'Who may do what.',
};

/** Those of `used` with their descriptions; one that has none is listed by its name alone. */
export function describeTags(used: Iterable<string>): readonly { readonly name: string; readonly description?: string }[] {
  const known = Object.keys(TAGS);
  const place = (name: string): number => (known.includes(name) ? known.indexOf(name) : known.length);
  return [...new Set(used)]
    .sort((a, b) => place(a) - place(b) || a.localeCompare(b))
    .map((name) => ({ name, ...(TAGS[name] === undefined ? {} : { description: TAGS[name] }) }));
}
