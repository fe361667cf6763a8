/**
 * Who did what.
 *
 * AU1. Entries are only added. An entry is durable when `append` resolves.
 * AU2. Whatever processes append, there is one chain: see audit-chain.ts.
 * AU3. The oldest may be forgotten. The hash of the last of them stays, and an entry tells of it, so that the rest can still be checked.
 * AU4. No secret is in an entry: who makes one takes only fields that are known to hold none.
 */
import type { Instant } from '@headrace/core';
import type { Listed, Page } from './page.ts';
import type { Visible } from './visible.ts';

/** `allowed`: it was done. `refused`: who asked may not. `failed`: it was wrong, or something went wrong. */
export type AuditOutcome = 'allowed' | 'refused' | 'failed';
export const AUDIT_OUTCOMES: readonly AuditOutcome[] = ['allowed', 'refused', 'failed'];

/** `key`: an API key of the user that `actor` names. `service`: a token of the service. `command`: the command line, on the database itself. */
export type ActorKind = 'user' | 'key' | 'service' | 'command' | 'housekeeping' | 'nobody';
export const ACTOR_KINDS: readonly ActorKind[] = ['user', 'key', 'service', 'command', 'housekeeping', 'nobody'];

/** As it is written: the names of its fields are what is hashed. */
export interface AuditEntry {
  readonly at: Instant;
  readonly actor_kind: ActorKind;
  /** A name. Absent: nobody whom we know. */
  readonly actor?: string;
  /** The id of the API key. */
  readonly key_id?: string;
  readonly address?: string;
  /** As the API calls the operation: `trigger_dag_run`. */
  readonly action: string;
  /** Of what kind is what it is about. */
  readonly object?: string;
  readonly object_id?: string;
  readonly dag_id?: string;
  readonly run_id?: string;
  readonly task_id?: string;
  readonly map_index?: number;
  readonly request_id?: string;
  readonly outcome: AuditOutcome;
  /** HTTP's. */
  readonly status?: number;
  /** The code of what was wrong. */
  readonly problem?: string;
  readonly parameters?: Readonly<Record<string, AuditValue>>;
}

export type AuditValue = string | number | boolean | null | readonly AuditValue[] | { readonly [name: string]: AuditValue };

export interface AuditRecord {
  readonly id: string;
  readonly hash: string;
  /** The entry as it was hashed. */
  readonly text: string;
  readonly entry: AuditEntry;
}

export interface AuditFilter {
  readonly actor?: string;
  readonly actorPattern?: string;
  readonly actions?: readonly string[];
  readonly notActions?: readonly string[];
  readonly actionPattern?: string;
  readonly outcomes?: readonly AuditOutcome[];
  readonly object?: string;
  readonly objectId?: string;
  /** Only what is about a DAG that is visible; what is about none is not. */
  readonly ofDags?: Visible;
  readonly dagId?: string;
  readonly dagPattern?: string;
  readonly runId?: string;
  readonly runPattern?: string;
  readonly taskId?: string;
  readonly taskPattern?: string;
  readonly mapIndex?: number;
  /** Not before this instant … */
  readonly from?: Instant;
  /** … and before this one. */
  readonly until?: Instant;
}

/** Where the chain begins and ends. */
export interface AuditChain {
  readonly headId: string;
  readonly headHash: string;
  /** The last entry that was forgotten; `0`: none was. */
  readonly anchorId: string;
  readonly anchorHash: string;
}

export interface AuditStore {
  append(entry: AuditEntry): Promise<void>;
  /** Order: `id`, `when`, `event`, `owner`, `dag_id`, `task_id`, `run_id`. */
  entries(filter: AuditFilter, page: Page): Promise<Listed<AuditRecord>>;
  entry(id: string): Promise<AuditRecord | undefined>;
  /** In the order of ids, those after one of them: for exports and checks of any length. */
  after(id: string, filter: AuditFilter, limit: number): Promise<readonly AuditRecord[]>;
  chain(): Promise<AuditChain>;
}
