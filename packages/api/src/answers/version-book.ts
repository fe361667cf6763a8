/** DAG versions never change, so what was read of one is kept: lists of runs and task instances name them in every row. */
import type { DagVersion } from '@headrace/api-contract';
import type { DagSpec, TaskSpec } from '@headrace/core';
import type { QueryStore } from '@headrace/ports';
import { dateTime } from './date-times.ts';
import { dagVersionUuid } from './identifiers.ts';

const MOST_KEPT = 100;

export interface VersionEntry {
  readonly answer: DagVersion;
  readonly spec: DagSpec;
  task(taskId: string): TaskSpec | undefined;
  /** The tasks of a group and of the groups in it; undefined: there is no such group. */
  tasksOfGroup(groupId: string): readonly string[] | undefined;
}

export class VersionBook {
  readonly #queries: Pick<QueryStore, 'version'>;
  /** In order of use, the oldest first. */
  readonly #entries = new Map<string, Promise<VersionEntry | undefined>>();

  constructor(queries: Pick<QueryStore, 'version'>) {
    this.#queries = queries;
  }

  /** Undefined: there is no such version. */
  get(dagId: string, versionNumber: number): Promise<VersionEntry | undefined> {
    const key = keyOf(dagId, versionNumber);
    const entry = this.#entries.get(key) ?? this.#load(key, dagId, versionNumber);
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    const oldest = this.#entries.keys().next().value;
    if (this.#entries.size > MOST_KEPT && oldest !== undefined) this.#entries.delete(oldest);
    return entry;
  }

  /** What `present` makes of each, with the version that it is of. */
  async each<Of extends { readonly dagId: string; readonly versionNumber: number }, Answer>(
    all: readonly Of[],
    present: (one: Of, version: VersionEntry | undefined) => Answer,
  ): Promise<Answer[]> {
    const found = new Map<string, VersionEntry | undefined>();
    // Few versions for many rows, nearly always known.
    for (const { dagId, versionNumber } of all) {
      const key = keyOf(dagId, versionNumber);
      if (!found.has(key)) found.set(key, await this.get(dagId, versionNumber));
    }
    return all.map((one) => present(one, found.get(keyOf(one.dagId, one.versionNumber))));
  }

  async #load(key: string, dagId: string, versionNumber: number): Promise<VersionEntry | undefined> {
    try {
      const version = await this.#queries.version(dagId, versionNumber);
      if (version !== undefined) return entryOf(dagId, versionNumber, version);
    } catch (error) {
      this.#entries.delete(key);
      throw error;
    }
    this.#entries.delete(key);
    return undefined;
  }
}

function keyOf(dagId: string, versionNumber: number): string {
  return `${versionNumber} ${dagId}`;
}

function entryOf(dagId: string, versionNumber: number, version: NonNullable<Awaited<ReturnType<QueryStore['version']>>>): VersionEntry {
  const { spec, versionId, bundleHash, createdAt } = version;
  const tasks = new Map(spec.tasks.map((task) => [task.taskId, task]));
  return {
    spec,
    task: (taskId) => tasks.get(taskId),
    tasksOfGroup: (groupId) => {
      if (spec.groups?.some((group) => group.groupId === groupId) !== true) return undefined;
      return spec.tasks.filter(({ group }) => group === groupId || group?.startsWith(`${groupId}.`) === true).map(({ taskId }) => taskId);
    },
    answer: {
      id: dagVersionUuid(versionId),
      version_number: versionNumber,
      dag_id: dagId,
      dag_display_name: dagId,
      bundle_name: BUNDLE_NAME,
      bundle_version: bundleHash,
      bundle_url: null,
      created_at: dateTime(createdAt),
    },
  };
}

/** Airflow's name for where DAG files come from: we have one DAG folder. */
export const BUNDLE_NAME = 'dags-folder';
