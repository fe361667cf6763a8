/** What a DAG's `schedule` may be: a schedule, text that is short for one, an asset or a condition. */
import { type Condition, isCondition } from '../assets/asset.ts';
import { DagDefinitionError, shown } from '../definition-error.ts';
import { cron } from './cron.ts';
import { continuous, once } from './moments.ts';
import { isSchedule, manual, onAssets, type Schedule } from './schedule.ts';

/** Text: a cron expression in UTC or a macro such as `@daily`, `@once`, `@continuous`. An asset or a condition: when it is met. `null`: never by itself. */
export type GivenSchedule = Schedule | Condition | string | null;

/** Throws HR_BAD_SCHEDULE. */
export function scheduleOf(where: string, given: GivenSchedule | undefined): Schedule {
  if (given === undefined || given === null) return manual();
  if (typeof given === 'string') return fromText(given.trim());
  if (isCondition(given)) return onAssets(given);
  if (isSchedule(given)) return given;
  throw new DagDefinitionError(
    'HR_BAD_SCHEDULE',
    `${where}, schedule: ${shown(given)} is no schedule; use cron('@daily'), interval('1 day'), an asset, or another of the builders`,
  );
}

function fromText(text: string): Schedule {
  if (text === '@once') return once();
  return text === '@continuous' ? continuous() : cron(text);
}
