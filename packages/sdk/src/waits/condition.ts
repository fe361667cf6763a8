/** Sensors whose look is data: a connector executes it, so that no driver has to be in the bundle. */
import type { TaskDefinition } from '../definition.ts';
import { type OperationParts, registerTask } from '../operation.ts';
import type { CommonTaskOptions } from '../options/task-options.ts';
import { type LookOptions, sensorParts } from './sensor.ts';

export interface ConditionOptions extends CommonTaskOptions, Omit<LookOptions, 'mode'> {
  /** `reschedule` (default): it gives its slot back between looks. `poke`: it keeps it, for looks that are seconds apart. */
  readonly mode?: 'poke' | 'reschedule';
}

export interface ConditionParts extends Omit<OperationParts, 'options' | 'inputs'> {
  readonly options: ConditionOptions;
  /** `connector` says who looks. */
  readonly operation: { readonly connector: string } & Readonly<Record<string, unknown>>;
}

/**
 * Makes a sensor that a connector's executor looks for (`OperationExecutors.look`). `Found` is what that one answers with in the end.
 * Throws DagDefinitionError as `sensor` does.
 */
export function defineCondition<Found>({ taskId, options, operation, connections = [] }: ConditionParts): TaskDefinition<Found> {
  const { sensor, rest } = sensorParts(taskId, options);
  return registerTask<Found>('task', {
    taskId,
    options: rest,
    operation,
    connections,
    flow: { sensor: { ...sensor, condition: operation.connector } },
  });
}
