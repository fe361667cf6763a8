/** Which limits keep a task from its slot: all of them, not only the first that the scheduler came upon. */
import type { SlotLimit } from '../admission/slot-limits.ts';
import { tokenAt } from '../admission/token-bucket.ts';
import type { Instant } from '../model/dag.ts';
import type { RateLimit } from '../model/limit-spec.ts';
import { type Explanation, inWords } from './explanation.ts';

/** How the limits of a task instance stand. */
export interface SlotStanding {
  readonly pool: string;
  readonly poolSlots: number;
  /** Absent: there is no such pool. Negative: it has no limit. */
  readonly poolSize?: number;
  readonly poolUsed: number;
  /** Tasks of the DAG that hold slots. */
  readonly dagActive: number;
  readonly maxActiveTasks: number;
  readonly keys: readonly (SlotLimit & { readonly held: number })[];
  readonly rates: readonly (RateLimit & { /** When the bucket is full again; absent: it is full. */ readonly fullAt?: Instant })[];
}

export function explainSlot(standing: SlotStanding, now: Instant): readonly Explanation[] {
  return [pool(standing), dag(standing), ...standing.keys.map(key), ...standing.rates.map((rate) => token(rate, now))];
}

function pool({ pool: name, poolSlots, poolSize, poolUsed }: SlotStanding): Explanation {
  const rule = 'pool';
  if (poolSize === undefined) {
    return { rule, passed: false, reason: `There is no pool "${name}": create it, or give the task another pool` };
  }
  if (poolSize < 0) return { rule, passed: true, reason: `Pool "${name}" has no limit` };
  const need = poolSlots === 1 ? 'a slot' : `${poolSlots} slots at once`;
  if (poolSlots > poolSize) return { rule, passed: false, reason: `The task needs ${need}, but pool "${name}" has ${poolSize} in all` };
  const free = Math.max(0, poolSize - poolUsed);
  return { rule, passed: poolSlots <= free, reason: `The task needs ${need} of pool "${name}": ${free} of ${poolSize} are free` };
}

function dag({ dagActive, maxActiveTasks }: SlotStanding): Explanation {
  return {
    rule: 'dag_limit',
    passed: dagActive < maxActiveTasks,
    reason: `${dagActive} tasks of the DAG are active; its maxActiveTasks is ${maxActiveTasks}`,
  };
}

function key({ key: full, limit, held }: SlotStanding['keys'][number]): Explanation {
  const name = full.slice(full.indexOf(':') + 1);
  const passed = held < limit;
  if (full.startsWith('task:')) {
    return { rule: 'task_limit', passed, reason: `${held} instances of the task are active over all runs; its maxActive is ${limit}` };
  }
  if (full.startsWith('run:')) {
    return {
      rule: 'run_task_limit',
      passed,
      reason: `${held} instances of the task are active in this run; its maxActivePerRun is ${limit}`,
    };
  }
  return { rule: 'concurrency', passed, reason: `${held} tasks hold the concurrency key "${name}"; the limit is ${limit}` };
}

function token(rate: SlotStanding['rates'][number], now: Instant): Explanation {
  const at = tokenAt(rate.fullAt, rate, now);
  const pace = `${rate.tokens} per ${inWords(rate.perMs)}`;
  if (at <= now) return { rule: 'rate', passed: true, reason: `There is a token for "${rate.key}" (${pace})` };
  return { rule: 'rate', passed: false, reason: `The next token for "${rate.key}" comes in ${inWords(at - now)} (${pace})` };
}
