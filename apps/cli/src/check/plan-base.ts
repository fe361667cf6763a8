/** What a plan is compared with: a running server, a folder, or the DAG folder of another commit. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative, resolve } from 'node:path';
import { promisify } from 'node:util';
import { createClient, type HeadraceClient } from '@headrace/client';
import type { DagSpec } from '@headrace/core';
import { FailedError, UsageError } from '../failures.ts';
import type { PlannedDag } from './plan.ts';
import { readFolder } from './read-folder.ts';

const PAGE = 100;

export interface PlanBase {
  readonly name: string;
  readonly dags: ReadonlyMap<string, PlannedDag>;
}

/** DAGs of the API. Those that were removed are not there. */
async function baseOfServer(client: HeadraceClient, name: string): Promise<PlanBase> {
  const ids: string[] = [];
  for (let total = 1; ids.length < total; ) {
    const page = await client.dags({ limit: PAGE, offset: ids.length, order_by: 'dag_id' });
    ids.push(...page.dags.map(({ dag_id }) => dag_id));
    total = page.dags.length === 0 ? 0 : page.total_entries;
  }
  const dags = new Map<string, PlannedDag>();
  for (const id of ids) {
    const { spec, bundle_hash } = await client.dagSpec(id);
    dags.set(id, { spec: spec as unknown as DagSpec, bundleHash: bundle_hash });
  }
  return { name, dags };
}

async function baseOfFolder(folder: string, name = folder): Promise<PlanBase> {
  const { files } = await readFolder(folder);
  return {
    name,
    dags: new Map(files.flatMap(({ dags, bundle }) => dags.map(({ spec }) => [spec.dagId, { spec, bundleHash: bundle.hash }] as const))),
  };
}

/** The DAG folder as it is in another commit of its git repository. Its packages are those that are installed now. */
async function baseOfCommit(commit: string, dagsDir: string): Promise<PlanBase> {
  const run = promisify(execFile);
  const here = resolve(dagsDir);
  const git = (...args: string[]) =>
    run('git', ['-C', here, ...args], { maxBuffer: 1 << 28 }).catch((error: { readonly stderr?: string; readonly message: string }) => {
      throw new FailedError(`git cannot give the files of ${commit}: ${(error.stderr ?? error.message).trim()}`);
    });
  const root = (await git('rev-parse', '--show-toplevel')).stdout.trim();
  const scratch = mkdtempSync(join(tmpdir(), 'headrace-plan-'));
  try {
    const tree = join(scratch, 'tree');
    mkdirSync(tree);
    await git('-C', root, 'archive', '--format=tar', `--output=${join(scratch, 'tree.tar')}`, commit);
    await run('tar', ['-xf', join(scratch, 'tree.tar'), '-C', tree]);
    const modules = nodeModulesAbove(here);
    if (modules !== undefined && !existsSync(join(tree, 'node_modules'))) symlinkSync(modules, join(tree, 'node_modules'));
    const folder = join(tree, relative(root, here));
    if (!existsSync(folder)) return { name: commit, dags: new Map() };
    return await baseOfFolder(folder, commit);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

function nodeModulesAbove(folder: string): string | undefined {
  for (let place = folder; ; place = dirname(place)) {
    if (existsSync(join(place, 'node_modules'))) return join(place, 'node_modules');
    if (place === dirname(place)) return undefined;
  }
}

export interface BaseOptions {
  /** A URL, a folder, or a commit. */
  readonly against: string;
  readonly dagsDir: string;
  readonly token?: string | undefined;
}

/** Throws UsageError for what is none of the three. */
export async function baseOf({ against, dagsDir, token }: BaseOptions): Promise<PlanBase> {
  if (/^https?:\/\//.test(against))
    return baseOfServer(createClient({ url: against, client: 'cli', ...(token === undefined ? {} : { token }) }), against);
  if (existsSync(against)) return baseOfFolder(resolve(against), against);
  if (!/^[\w./~^@{}-]+$/.test(against) || against.startsWith('-'))
    throw new UsageError(`--against takes the URL of a server, a folder or a commit, not "${against}"`);
  return baseOfCommit(against, dagsDir);
}
