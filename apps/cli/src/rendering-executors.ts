/** Executors that do nothing but answer with what they were asked to do: `headrace tasks render` runs a task with them. */
import type { OperationExecutor, OperationExecutors } from '@headrace/sdk';

const render: OperationExecutor = async ({ operation }) => operation;

export const executors: OperationExecutors = { extract: render, load: render, transform: render, export: render };
