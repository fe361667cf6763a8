/** Makes a schedule that fails as small as it can while it still violates the same invariant. */
import type { Bug } from './bugs.ts';
import { runSchedule } from './run-schedule.ts';
import { type FaultName, type FaultSchedule, NO_FAULTS } from './schedule.ts';

export async function shrink(schedule: FaultSchedule, invariant: string, bug?: Bug): Promise<FaultSchedule> {
  const options = bug === undefined ? {} : { bug };
  const stillFails = async (candidate: FaultSchedule): Promise<boolean> => {
    const { violations } = await runSchedule(candidate, options);
    return violations.some((violation) => violation.invariant === invariant);
  };
  let smallest = schedule;
  for (let found = true; found; ) {
    found = false;
    for (const candidate of smaller(smallest)) {
      if (!(await stillFails(candidate))) continue;
      smallest = candidate;
      found = true;
      break;
    }
  }
  return smallest;
}

/** Each a little smaller than the one given, the largest steps first. */
function* smaller(schedule: FaultSchedule): Generator<FaultSchedule> {
  const { dags, faults, commands, schedulers, workers, faultMs } = schedule;
  if (dags.length > 1) for (const index of dags.keys()) yield { ...schedule, dags: dags.toSpliced(index, 1) };
  for (const name of Object.keys(NO_FAULTS) as FaultName[]) if (faults[name] > 0) yield { ...schedule, faults: { ...faults, [name]: 0 } };
  for (const index of commands.keys()) yield { ...schedule, commands: commands.toSpliced(index, 1) };
  if (schedulers > 1) yield { ...schedule, schedulers: schedulers - 1 };
  if (workers > 1) yield { ...schedule, workers: workers - 1 };
  if (faultMs > 5_000) yield { ...schedule, faultMs: Math.floor(faultMs / 2) };
  for (const [index, dag] of dags.entries()) {
    const last = dag.tasks.at(-1);
    if (last !== undefined && dag.tasks.length > 1)
      yield { ...schedule, dags: dags.with(index, { ...dag, tasks: dag.tasks.slice(0, -1) }) };
  }
}
