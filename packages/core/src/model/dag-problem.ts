import type { SourcePosition } from './dag.ts';

/** Something that is wrong with a DAG. */
export interface DagProblem {
  readonly code:
    | 'bad_id'
    | 'duplicate_task'
    | 'unknown_upstream'
    | 'unknown_input'
    | 'input_not_upstream'
    | 'cycle'
    | 'unreachable'
    | 'duplicate_group'
    | 'unknown_group'
    | 'bad_group'
    | 'nested_mapping'
    | 'bad_mapping'
    | 'always_mapped'
    | 'bad_loop'
    | 'bad_branch'
    | 'bad_teardown'
    | 'bad_value'
    | 'bad_cron'
    | 'bad_timezone'
    | 'end_before_start';
  /** With the place in front when it is known: `shop.ts:12:3: …`. */
  readonly message: string;
  readonly taskId?: string;
  readonly source?: SourcePosition;
}
