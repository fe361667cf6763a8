/** Executors that do nothing but answer with what they were asked to do: `headrace tasks render` runs a task with them. */
import type { OperationExecutor, OperationExecutors } from '@headrace/sdk';

/** A condition may have a function, of which there is nothing to show. */
const render: OperationExecutor = async ({ operation }) =>
  Object.fromEntries(Object.entries(operation).map(([name, value]) => [name, typeof value === 'function' ? '(a function)' : value]));

export const executors: OperationExecutors = { extract: render, load: render, transform: render, export: render, look: render };
