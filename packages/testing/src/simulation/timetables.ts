/** Timetables of the DAGs that are simulated, asked in this process. */
import type { SchedulerStore, TimetableEvaluator } from '@headrace/ports';
import type { DagDefinition } from '@headrace/sdk';

export function timetablesOf(dags: readonly DagDefinition[], versions: Pick<SchedulerStore, 'loadVersion'>): TimetableEvaluator {
  return {
    async ask(versionId, name, question) {
      const { dagId } = await versions.loadVersion(versionId);
      const timetable = dags.find((dag) => dag.dagId === dagId)?.timetables?.get(name);
      if (timetable === undefined)
        throw new Error(`The timetable "${name}" of DAG "${dagId}" is not in what is simulated: simulate the DAG, not its spec`);
      return timetable(question);
    },
  };
}
