/** The compiler's word on the project of a DAG folder, where there is a tsconfig.json and a compiler. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import type { Finding } from './finding.ts';

const LINE = /^(.+?)\((\d+),(\d+)\): (error|warning) (TS\d+): (.*)$/;

/** Undefined: there is nothing to check with. */
export async function typeCheck(dagsDir: string): Promise<readonly Finding[] | undefined> {
  const project = projectAbove(resolve(dagsDir));
  const compiler = project === undefined ? undefined : compilerOf(project);
  if (project === undefined || compiler === undefined) return undefined;
  const args = [compiler, '--noEmit', '--pretty', 'false', '-p', join(project, 'tsconfig.json')];
  const output = await promisify(execFile)(process.execPath, args, { cwd: project, maxBuffer: 1 << 26 }).then(
    () => '',
    (error: { readonly stdout?: string; readonly message: string }) => error.stdout ?? error.message,
  );
  return findingsIn(output, project);
}

/** The first folder from here upwards that holds a tsconfig.json. */
function projectAbove(folder: string): string | undefined {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, 'tsconfig.json'))) return place;
    if (place === dirname(place)) return undefined;
  }
}

function compilerOf(project: string): string | undefined {
  try {
    return createRequire(join(project, 'package.json')).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
}

function findingsIn(output: string, project: string): readonly Finding[] {
  const findings: Finding[] = [];
  for (const text of output.split(/\r?\n/)) {
    const [, file, line, column, severity, code, message] = LINE.exec(text) ?? [];
    if (file === undefined) {
      const before = findings.at(-1);
      // What is indented explains the line before it.
      if (text.startsWith('  ') && before !== undefined)
        findings[findings.length - 1] = { ...before, message: `${before.message} ${text.trim()}` };
      else if (text.trim() !== '') findings.push({ severity: 'error', rule: 'types', message: text.trim() });
      continue;
    }
    findings.push({
      severity: severity as Finding['severity'],
      rule: 'types',
      message: `${message} (${code})`,
      file: relative(process.cwd(), resolve(project, file)).replaceAll('\\', '/'),
      line: Number(line),
      column: Number(column),
    });
  }
  return findings;
}
