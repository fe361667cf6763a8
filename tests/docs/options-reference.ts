/** The text of docs/options.md: what a DAG file can call, and every option, from the comments in the SDK. */
import ts from 'typescript';
import { cell, prose, table } from './markdown.ts';
import { basesOf, commentOf, type Declaration, declarations, functionsIn, membersOf, signatureOf, typeText } from './sdk-declarations.ts';

/** In this order: names of functions, objects of functions, and the interfaces of their options. */
export const SECTIONS: readonly { readonly title: string; readonly names: readonly string[] }[] = [
  { title: 'The DAG', names: ['dag', 'DagOptions', 'Overlap', 'DagScope', 'RunIdentity', 'DataInterval', 'text'] },
  {
    title: 'Tasks',
    names: [
      'task',
      'MappedTaskOptions',
      'TaskOptions',
      'CommonTaskOptions',
      'TaskDefaults',
      'RetryOptions',
      'RetryOn',
      'RepeatOptions',
      'LimitOptions',
      'Duration',
      'TaskContext',
      'TaskLog',
      'SkipTask',
      'FailTask',
      'RetryTask',
      'skip',
      'connection',
      'variable',
    ],
  },
  {
    title: 'The flow of a run',
    names: [
      'chain',
      'cross',
      'group',
      'GroupOptions',
      'MappedGroupOptions',
      'product',
      'zip',
      'MappedResults',
      'loop',
      'LoopOptions',
      'again',
      'done',
      'branch',
      'BranchOptions',
      'switchOn',
      'SwitchOptions',
      'shortCircuit',
      'ShortCircuitOptions',
      'latestOnly',
      'setup',
      'teardown',
      'TeardownOptions',
      'using',
    ],
  },
  {
    title: 'Schedules',
    names: [
      'cron',
      'CronOptions',
      'crons',
      'CronsOptions',
      'interval',
      'StepOptions',
      'every',
      'EveryOptions',
      'once',
      'continuous',
      'events',
      'EventsOptions',
      'timetable',
      'TimetableOptions',
      'JitterOption',
      'manual',
      'onAssets',
      'assetsAndTime',
      'assetsOrTime',
      'Catchup',
    ],
  },
  { title: 'Assets and partitions', names: ['asset', 'AssetOptions', 'all', 'any', 'partitions', 'TimePartitionOptions'] },
  {
    title: 'Waiting and people',
    names: [
      'WaitApi',
      'WaitOptions',
      'sensor',
      'SensorOptions',
      'LookOptions',
      'PatienceOptions',
      'waitForRun',
      'WaitForRunOptions',
      'waitForAsset',
      'WaitForAssetOptions',
      'waitUntil',
      'WaitUntilOptions',
      'input',
      'InputOptions',
      'approval',
      'ApprovalOptions',
      'AskOptions',
      'triggerDag',
      'TriggeredRunOptions',
      'TriggeredWaitOptions',
    ],
  },
  { title: 'Notices and deadlines', names: ['notify', 'EmailOptions', 'deadline', 'DeadlineOptions'] },
  {
    title: 'Data',
    names: [
      'extract',
      'ExtractOptions',
      'CursorOptions',
      'load',
      'LoadOptions',
      'Disposition',
      'MergeDisposition',
      'Scd2Disposition',
      'DeleteOptions',
      'PublishMode',
      'SchemaContract',
      'ContractMode',
      'NamingConvention',
      'NestedMode',
      'QuarantineLimit',
      'ColumnType',
      'ScalarType',
      'transform',
      'Transform',
      'TransformOptions',
      'WarehouseTransformOptions',
      'RowsOptions',
      'RowTransformOptions',
      'BatchTransformOptions',
      'ProgramTransformOptions',
      'TransformProgram',
      'exportTo',
      'ExportOptions',
      'checks',
      'CheckOptions',
      'RowCheckOptions',
      'CheckSeverity',
      'CheckPoint',
    ],
  },
];

export function optionsDocument(): string {
  const known = declarations();
  const parts = SECTIONS.flatMap(({ title, names }) => [
    `## ${title}`,
    ...names.flatMap((name) => {
      const declaration = known.get(name);
      if (declaration === undefined) throw new Error(`The SDK has no ${name}: correct SECTIONS`);
      return described(name, declaration);
    }),
  ]);
  return `${[
    '# What a DAG file can say',
    'This file is generated from the comments in `@headrace/sdk`: `npm run docs:references`.',
    `Everything that \`@headrace/sdk\` offers, with the options of each and their defaults. What it is for, with examples: [authoring](authoring.md).
Sources and targets of data are in \`@headrace/connectors\`: [files](files.md), [APIs](rest.md), [MySQL](mysql.md), [MongoDB](mongodb.md), [PostgreSQL's changes](cdc.md).
An option with a question mark may be left out. A duration is text such as \`'2 hours'\` or \`'30s'\`.`,
    ...parts,
  ].join('\n\n')}\n`;
}

function described(name: string, declaration: Declaration): readonly string[] {
  const about = commentOf(declaration);
  const comment = about === undefined ? [] : [prose(about)];
  if (ts.isInterfaceDeclaration(declaration)) return [`### \`${name}\``, ...comment, ...interfaceTable(declaration)];
  if (ts.isTypeAliasDeclaration(declaration)) return [`### \`${name}\``, ...comment, ...typeList(declaration)];
  if (ts.isFunctionDeclaration(declaration)) return [`### \`${name}${signatureOf(declaration)}\``, ...comment];
  if (ts.isClassDeclaration(declaration)) {
    const maker = declaration.members.find(ts.isConstructorDeclaration);
    return [`### \`new ${name}${maker === undefined ? '()' : signatureOf(maker)}\``, ...comment];
  }
  const rows = functionsIn(declaration).map((each) => [`\`${name}.${each.name}${each.signature}\``, cell(each.about)]);
  return [`### \`${name}\``, ...comment, ...(rows.length === 0 ? [] : [table(['function', 'what it is'], rows)])];
}

function interfaceTable(declaration: ts.InterfaceDeclaration): readonly string[] {
  const bases = basesOf(declaration).map((base) => `\`${base}\``);
  const rows = membersOf(declaration).map(({ name, optional, type, about }) => [
    `\`${name}${optional ? '?' : ''}\``,
    `\`${type.replaceAll('|', '\\|')}\``,
    cell(about),
  ]);
  return [
    ...(rows.length === 0 ? [] : [table(['option', 'type', 'what it says'], rows)]),
    ...(bases.length === 0 ? [] : [`And all of ${bases.join(', ')}.`]),
  ];
}

/** The alternatives of a union, each with its comment; of another type what it is. */
function typeList({ type }: ts.TypeAliasDeclaration): readonly string[] {
  if (!ts.isUnionTypeNode(type)) return [`\`${typeText(type)}\``];
  const comments = type.types.map((_, index) => commentAt(type, index));
  if (comments.every((comment) => comment === '')) return [type.types.map((each) => `\`${typeText(each)}\``).join(', ')];
  return [
    type.types
      .map((each, index) => `- \`${typeText(each)}\`${comments[index] === '' ? '' : `: ${prose(comments[index] ?? '')}`}`)
      .join('\n'),
  ];
}

/** The comment of an alternative stands before the line that begins it. */
function commentAt(type: ts.UnionTypeNode, index: number): string {
  const { text } = type.getSourceFile();
  const range = ts.getLeadingCommentRanges(text, type.types[index - 1]?.end ?? type.pos)?.at(-1);
  if (range === undefined) return '';
  return text
    .slice(range.pos, range.end)
    .replaceAll(/^\/\*\*?|\*\/$|^\s*\* ?/gm, '')
    .replaceAll(/\s+/g, ' ')
    .trim();
}
