/** An attempt store in memory with the compare-and-set rules of the real one, and hooks to make it fail. */
import type { DagSpec, TaskSpec } from '@headrace/core';
import type {
  AttemptRef,
  AttemptStore,
  ClaimedAttempt,
  FinishedAttempt,
  ResultRef,
  StoredBundle,
  StoredResult,
  WorkerRegistration,
} from '@headrace/ports';

export interface Row {
  readonly claimed: ClaimedAttempt;
  state: 'queued' | 'running' | 'ended';
  workerId: string | undefined;
  leaseUntil: number;
  claims: number;
  releases: number;
  outcome: FinishedAttempt | undefined;
}

export class MemoryAttempts implements AttemptStore {
  readonly rows = new Map<string, Row>();
  readonly bundles = new Map<string, StoredBundle>();
  readonly registered = new Map<string, WorkerRegistration>();
  readonly calls: string[] = [];
  /** Throws, to make a call fail; or waits, to make it slow. */
  before: (call: string, attemptId?: string) => Promise<void> | void = () => {};
  #listener: ((attemptIds: readonly string[]) => void) | undefined;

  add(claimed: ClaimedAttempt): Row {
    const row: Row = { claimed, state: 'queued', workerId: undefined, leaseUntil: 0, claims: 0, releases: 0, outcome: undefined };
    this.rows.set(claimed.attemptId, row);
    return row;
  }

  addDag(versionId: string, dagId: string, code: string, tasks: readonly TaskSpec[], more: Partial<DagSpec> = {}): void {
    const spec = { dagId, tasks, schedule: { kind: 'manual' }, ...more } as unknown as DagSpec;
    this.bundles.set(versionId, {
      versionId,
      dagId,
      hash: `${versionId}-${dagId}-bundle`.padEnd(16, '0'),
      code,
      file: `${dagId}.ts`,
      spec,
    });
  }

  revoke(...attemptIds: string[]): void {
    this.#listener?.(attemptIds);
  }

  /** The attempt is given to somebody else. */
  replace(attemptId: string): void {
    this.rows.delete(attemptId);
  }

  async register(worker: WorkerRegistration): Promise<void> {
    await this.before('register');
    this.registered.set(worker.workerId, worker);
  }

  async unregister(workerId: string): Promise<void> {
    this.registered.delete(workerId);
  }

  async claim({ attemptId }: AttemptRef, workerId: string, leaseMs: number): Promise<ClaimedAttempt | undefined> {
    await this.#called('claim', attemptId);
    const row = this.rows.get(attemptId);
    if (row === undefined || row.state === 'ended' || (row.state === 'running' && row.workerId !== workerId)) return undefined;
    // As in the real store, a worker that asks again for what it runs is answered again; two messages of one attempt must not run it twice.
    Object.assign(row, { state: 'running', workerId, leaseUntil: performance.now() + leaseMs, claims: row.claims + 1 });
    return row.claimed;
  }

  async renew(refs: readonly AttemptRef[], workerId: string, leaseMs: number): Promise<readonly string[]> {
    await this.#called('renew');
    const ours = refs.filter(({ attemptId }) => this.#running(attemptId, workerId) !== undefined);
    for (const { attemptId } of ours) Object.assign(this.rows.get(attemptId) as Row, { leaseUntil: performance.now() + leaseMs });
    return ours.map(({ attemptId }) => attemptId);
  }

  async finish(outcome: FinishedAttempt, workerId: string): Promise<boolean> {
    await this.#called('finish', outcome.attemptId);
    const row = this.rows.get(outcome.attemptId);
    if (row?.state === 'ended' && row.workerId === workerId) return true;
    if (row?.state !== 'running' || row.workerId !== workerId) return false;
    Object.assign(row, { state: 'ended', outcome });
    return true;
  }

  async release({ attemptId }: AttemptRef, workerId: string): Promise<boolean> {
    await this.#called('release', attemptId);
    const row = this.#running(attemptId, workerId);
    if (row === undefined) return false;
    Object.assign(row, { state: 'queued', workerId: undefined, releases: row.releases + 1 });
    return true;
  }

  async results(runKey: string, taskIds: readonly string[]): Promise<ReadonlyMap<string, StoredResult>> {
    await this.#called('results');
    const found = new Map<string, StoredResult>();
    for (const { claimed, outcome } of this.rows.values()) {
      if (
        claimed.runKey === runKey &&
        taskIds.includes(claimed.taskId) &&
        outcome?.to.status === 'success' &&
        outcome.result !== undefined
      ) {
        found.set(claimed.taskId, outcome.result);
      }
    }
    return found;
  }

  async resultRefs(runKey: string, taskIds: readonly string[], mapIndex: number): Promise<ReadonlyMap<string, ResultRef>> {
    await this.#called('resultRefs');
    const found = this.#succeeded(runKey).filter(({ claimed }) => taskIds.includes(claimed.taskId) && claimed.mapIndex === mapIndex);
    return new Map(found.map(({ claimed }) => [claimed.taskId, claimed]));
  }

  async mappedRefs(runKey: string, taskId: string): Promise<readonly ResultRef[]> {
    await this.#called('mappedRefs');
    const found = this.#succeeded(runKey).map(({ claimed }) => claimed);
    return found.filter((claimed) => claimed.taskId === taskId).sort((a, b) => a.mapIndex - b.mapIndex);
  }

  async refInStep(runKey: string, taskId: string, consumerId: string, mapIndex: number): Promise<ResultRef | undefined> {
    await this.#called('refInStep');
    const last = (id: string) => Math.max(...this.#of(runKey, id).map(({ claimed }) => claimed.mapIndex));
    if (last(taskId) !== last(consumerId)) return undefined;
    return (await this.resultRefs(runKey, [taskId], mapIndex)).get(taskId);
  }

  async resultsOf(refs: readonly ResultRef[]): Promise<readonly (StoredResult | undefined)[]> {
    await this.#called('resultsOf');
    return refs.map(({ taskInstanceId, attempt }) => {
      const rows = [...this.rows.values()];
      return rows.find(({ claimed }) => claimed.taskInstanceId === taskInstanceId && claimed.attempt === attempt)?.outcome?.result;
    });
  }

  #of(runKey: string, taskId: string): readonly Row[] {
    return [...this.rows.values()].filter(({ claimed }) => claimed.runKey === runKey && claimed.taskId === taskId);
  }

  #succeeded(runKey: string): readonly Row[] {
    return [...this.rows.values()].filter(({ claimed, outcome }) => claimed.runKey === runKey && outcome?.to.status === 'success');
  }

  async bundle(versionId: string): Promise<StoredBundle> {
    await this.#called('bundle');
    const bundle = this.bundles.get(versionId);
    if (bundle === undefined) throw new Error(`no version ${versionId}`);
    return bundle;
  }

  async onRevoked(listener: (attemptIds: readonly string[]) => void): Promise<() => Promise<void>> {
    this.#listener = listener;
    return async () => {
      this.#listener = undefined;
    };
  }

  #running(attemptId: string, workerId: string): Row | undefined {
    const row = this.rows.get(attemptId);
    return row?.state === 'running' && row.workerId === workerId ? row : undefined;
  }

  async #called(call: string, attemptId?: string): Promise<void> {
    this.calls.push(call);
    await this.before(call, attemptId);
  }
}
