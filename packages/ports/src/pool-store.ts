/**
 * Pools: named sets of slots that tasks of any DAG share.
 *
 * P1. A pool may be made smaller than what is in use: nothing is stopped, and no slot is given until enough have come back.
 * P2. `default_pool` is always there. Tasks of a pool that was deleted wait until there is one of its name again.
 */
import type { Listed, Page } from './page.ts';

export const DEFAULT_POOL = 'default_pool';

/** In place of a number of slots: as many as are asked for. */
export const UNLIMITED_SLOTS = -1;

export interface Pool {
  readonly name: string;
  /** 0 or more; `UNLIMITED_SLOTS`. */
  readonly slots: number;
  readonly description?: string;
  /** Tasks that are deferred hold their slots, too. */
  readonly includeDeferred: boolean;
}

/** A pool and the slots of its tasks, by their states. */
export interface PoolRecord extends Pool {
  readonly runningSlots: number;
  readonly queuedSlots: number;
  /** Of tasks that wait for a slot. */
  readonly scheduledSlots: number;
  readonly deferredSlots: number;
}

export interface PoolChange {
  readonly slots?: number;
  /** `null` takes it away. */
  readonly description?: string | null;
  readonly includeDeferred?: boolean;
}

export interface PoolStore {
  /** Order by `name` (which is also called `pool` and `id`), `slots`. Rejects with UnknownOrderError. */
  pools(filter: { readonly namePattern?: string }, page: Page): Promise<Listed<PoolRecord>>;
  pool(name: string): Promise<PoolRecord | undefined>;
  /** Rejects with PoolExistsError. */
  create(pool: Pool): Promise<void>;
  /** Rejects with PoolNotFoundError. Schedulers hear of it: what waited may get a slot at once. */
  change(name: string, change: PoolChange): Promise<void>;
  /** Rejects with PoolNotFoundError and DefaultPoolError. */
  delete(name: string): Promise<void>;
}

export class PoolNotFoundError extends Error {
  readonly code = 'HR_POOL_NOT_FOUND';
  constructor(pool: string) {
    super(`There is no pool "${pool}"`);
    this.name = 'PoolNotFoundError';
  }
}

export class PoolExistsError extends Error {
  readonly code = 'HR_POOL_EXISTS';
  constructor(pool: string) {
    super(`There is a pool "${pool}" already: change it, or give the new one another name`);
    this.name = 'PoolExistsError';
  }
}

export class DefaultPoolError extends Error {
  readonly code = 'HR_DEFAULT_POOL';
  constructor() {
    super(`"${DEFAULT_POOL}" is used by tasks that name no pool and cannot be deleted: change its slots instead`);
    this.name = 'DefaultPoolError';
  }
}
