/** What a check came to, in the forms that people and machines read. Pure. */
import type { FieldChange } from '@headrace/core';
import { type Finding, placeOf } from './finding.ts';
import type { Addition, Change, Plan } from './plan.ts';

export interface CheckReport {
  readonly files: number;
  readonly dags: number;
  readonly findings: readonly Finding[];
  /** Absent: nothing to compare with was named. */
  readonly plan?: Plan;
  /** Why the types were not checked; absent: they were. */
  readonly typesUnchecked?: string;
}

export function countOf({ findings }: CheckReport): { readonly errors: number; readonly warnings: number } {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  return { errors, warnings: findings.length - errors };
}

export function textReport(report: CheckReport): string {
  const lines = report.findings.map((finding) => {
    const place = placeOf(finding);
    return `${place === '' ? '' : `${place}: `}${finding.severity}: ${finding.message} [${finding.rule}]\n`;
  });
  const plan = report.plan === undefined ? '' : `\n${textPlan(report.plan)}`;
  return `${lines.join('')}${plan}\n${summary(report)}\n`;
}

function summary(report: CheckReport): string {
  const { errors, warnings } = countOf(report);
  const note = report.typesUnchecked === undefined ? '' : `; types were not checked: ${report.typesUnchecked}`;
  return `${report.dags} DAGs in ${report.files} files: ${errors} errors, ${warnings} warnings${note}`;
}

function textPlan(plan: Plan): string {
  const lines = [
    ...plan.added.map((one) => `+ ${one.dagId}: ${additionText(one)}`),
    ...plan.removed.map((dagId) => `- ${dagId}`),
    ...plan.changed.flatMap((one) => [`~ ${one.dagId}: ${changeText(one)}`, ...changeLines(one).map((line) => `    ${line}`)]),
  ];
  const head = `Compared with ${plan.against}: ${planCounts(plan)}\n`;
  return `${head}${lines.map((line) => `${line}\n`).join('')}`;
}

function planCounts({ added, removed, changed, unchanged }: Plan): string {
  return `${added.length} added, ${removed.length} removed, ${changed.length} changed, ${unchanged} as they are`;
}

function additionText({ tasks, schedule, nextRun, paused }: Addition): string {
  return `new, ${tasks} tasks, ${schedule}${paused ? ', paused' : ''}${nextRun === undefined ? '' : `, next run ${instant(nextRun)}`}`;
}

function changeText({ diff, codeChanged, nextRun }: Change): string {
  const { tasks, edges, schedule, dag } = diff;
  const parts = [
    ...(tasks.added.length > 0 ? [`${tasks.added.length} tasks added`] : []),
    ...(tasks.removed.length > 0 ? [`${tasks.removed.length} tasks removed`] : []),
    ...(tasks.changed.length > 0 ? [`${tasks.changed.length} tasks changed`] : []),
    ...(edges.added.length + edges.removed.length > 0 ? [`${edges.added.length + edges.removed.length} edges`] : []),
    ...(schedule.length > 0 ? ['schedule'] : []),
    ...(dag.length > 0 ? ['settings'] : []),
    ...(codeChanged ? ['code'] : []),
  ];
  return `${parts.join(', ')}${nextRun === undefined ? '' : `, next run ${instant(nextRun)}`}`;
}

function changeLines({ diff: { tasks, edges, schedule, dag } }: Change): readonly string[] {
  return [
    ...tasks.removed.map((task) => `- task ${task}`),
    ...tasks.added.map((task) => `+ task ${task}`),
    ...tasks.changed.flatMap(({ taskId, fields }) => fields.map((field) => `~ task ${taskId}: ${fieldText(field)}`)),
    ...edges.removed.map(({ from, to }) => `- edge ${from} → ${to}`),
    ...edges.added.map(({ from, to }) => `+ edge ${from} → ${to}`),
    ...schedule.map((field) => `~ schedule ${fieldText(field)}`),
    ...dag.map((field) => `~ ${fieldText(field)}`),
  ];
}

const LONGEST_VALUE = 120;

function fieldText({ path, before, after }: FieldChange): string {
  return `${path === '' ? 'all of it' : path}: ${valueText(before)} → ${valueText(after)}`;
}

function valueText(value: unknown): string {
  const text = value === undefined ? 'not there' : JSON.stringify(value);
  return text.length <= LONGEST_VALUE ? text : `${text.slice(0, LONGEST_VALUE)}…`;
}

function instant(at: number): string {
  return `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')}Z`;
}

/** For a comment on a pull request. */
export function markdownReport(report: CheckReport): string {
  const { errors } = countOf(report);
  const parts = [`## ${errors === 0 ? '✅' : '❌'} DAG check`, '', summary(report), ''];
  if (report.findings.length > 0) {
    parts.push('| | where | what |', '| --- | --- | --- |');
    for (const finding of report.findings)
      parts.push(`| ${finding.severity} | ${codeCell(placeOf(finding) || (finding.dagId ?? ''))} | ${cell(finding.message)} |`);
    parts.push('');
  }
  if (report.plan !== undefined) parts.push(...markdownPlan(report.plan));
  return `${parts.join('\n').trimEnd()}\n`;
}

function markdownPlan(plan: Plan): readonly string[] {
  const lines = [`### Plan: ${planCounts(plan)}`, '', `Compared with ${codeCell(plan.against)}.`, ''];
  const rows = [
    ...plan.added.map((one) => ['added', one.dagId, additionText(one)]),
    ...plan.removed.map((dagId) => ['removed', dagId, '']),
    ...plan.changed.map((one) => ['changed', one.dagId, changeText(one)]),
  ];
  if (rows.length > 0) lines.push('| | DAG | what |', '| --- | --- | --- |');
  for (const [what, dagId, text] of rows) lines.push(`| ${what} | ${codeCell(dagId ?? '')} | ${cell(text ?? '')} |`);
  for (const one of plan.changed) {
    const details = changeLines(one);
    if (details.length === 0) continue;
    lines.push('', `<details><summary>${escaped(one.dagId)}</summary>`, '', fenced(details), '', '</details>');
  }
  return lines;
}

/** The fence is longer than any in the text. */
function fenced(lines: readonly string[]): string {
  const text = lines.join('\n');
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((ticks) => ticks.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}diff\n${text}\n${fence}`;
}

function codeCell(text: string): string {
  return text === '' ? '' : `\`${text.replaceAll('`', "'").replaceAll('|', '\\|')}\``;
}

function cell(text: string): string {
  return escaped(text).replaceAll('|', '\\|').replaceAll(/\r?\n/g, ' ');
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Workflow commands of GitHub Actions, which become annotations of the lines that they name. */
export function githubReport({ findings }: CheckReport): string {
  return findings
    .map(({ severity, rule, message, file, line, column, dagId }) => {
      const properties = [
        ...(file === undefined ? [] : [`file=${property(file)}`]),
        ...(line === undefined ? [] : [`line=${line}`]),
        ...(column === undefined ? [] : [`col=${column}`]),
        `title=${property(dagId === undefined ? rule : `${rule}: ${dagId}`)}`,
      ];
      return `::${severity} ${properties.join(',')}::${data(message)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
