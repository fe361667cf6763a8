/**
 * Packages of rows by the task that made them. Their own names are those of their content: other ones in every run, which would make
 * another place of each, and no graph of them.
 */
import type { TaskSpec } from '@headrace/core';
import type { DataPlace, DataReport, NewLoad } from '@headrace/ports';

const PACKAGES = 'packages';

type Named = Pick<TaskSpec, 'taskId' | 'inputs'>;

export function withNamedPackages(data: DataReport, dagId: string, task: Named): DataReport {
  if (!data.loads.some(({ lineage }) => lineage !== undefined)) return data;
  return { ...data, loads: data.loads.map((load) => named(load, dagId, task)) };
}

function named(load: NewLoad, dagId: string, { taskId, inputs }: Named): NewLoad {
  const { lineage } = load;
  if (lineage === undefined) return load;
  return {
    ...load,
    lineage: {
      ...lineage,
      reads: lineage.reads.map((place) => byTask(place, dagId, place.input === undefined ? undefined : inputs[place.input])),
      writes: lineage.writes.map((place) => byTask(place, dagId, taskId)),
    },
  };
}

function byTask<Place extends DataPlace>(place: Place, dagId: string, taskId: string | undefined): Place {
  return place.connector !== PACKAGES || taskId === undefined ? place : { ...place, name: `${dagId}/${taskId}` };
}
