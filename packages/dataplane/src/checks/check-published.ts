/** Checks of the whole table: as it would be, before the commit, or as it is, right after. */
import type { Check, CheckName, CheckResult, Place, PublishMode } from '@headrace/sdk';
import type { AuditedTable, TargetConnector, Work } from '../connector.ts';
import { DataError } from '../errors.ts';
import { type CheckSurroundings, runChecks, settleChecks } from './run-checks.ts';

/** What is true of the new rows alone need not be true of the table that holds them. */
const OF_TABLES: ReadonlySet<CheckName> = new Set(['not_null', 'unique', 'accepted_values', 'range', 'regex', 'freshness']);

/** The checks that look at the table: with `audit-then-swap` those of staging, too. */
export function tableChecks(checks: readonly Check[], mode: PublishMode | undefined): readonly Check[] {
  return checks.flatMap((check) => {
    if (check.at === 'publish') return [check];
    return mode === 'audit-then-swap' && check.at === undefined && OF_TABLES.has(check.check) ? [{ ...check, at: 'publish' as const }] : [];
  });
}

export class TableAudit {
  readonly #checks: readonly Check[];
  readonly #surroundings: CheckSurroundings;
  #results: readonly CheckResult[] | undefined;

  /** Throws DataError for a target whose tables cannot be asked. */
  constructor(checks: readonly Check[], surroundings: CheckSurroundings, connector: TargetConnector, target: Place) {
    this.#checks = checks;
    this.#surroundings = surroundings;
    if (checks.length > 0 && connector.inspect === undefined) {
      throw new DataError(
        'HR_CHECK_UNSUPPORTED',
        `${surroundings.where}: a ${target.connector} target cannot be asked what it holds, so checks cannot be made at: 'publish'. Make them in staging`,
      );
    }
  }

  /** For the target to call before it commits. Undefined where there is nothing to check. */
  get beforeCommit(): ((table: AuditedTable) => Promise<void>) | undefined {
    if (this.#checks.length === 0) return undefined;
    return async (table) => {
      // A commit that is tried again is checked again.
      this.#results = await runChecks(table, this.#checks, 'publish', this.#surroundings);
      settleChecks(this.#results, 'block', this.#surroundings.where);
    };
  }

  /** The results. A target that did not let itself be asked before its commit is asked now: what blocks comes too late then, and fails. */
  async afterCommit(connector: TargetConnector, target: Place, work: Work): Promise<readonly CheckResult[]> {
    if (this.#checks.length === 0) return [];
    if (this.#results === undefined) {
      const results = await connector.inspect?.(target, work, (table) => runChecks(table, this.#checks, 'publish', this.#surroundings));
      this.#results = results?.map((result) => (result.severity === 'block' ? { ...result, severity: 'error' as const } : result)) ?? [];
    }
    return this.#results;
  }
}
