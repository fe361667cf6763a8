import type { OperationExecutors } from '@headrace/sdk';
import { CodeUnavailableError } from '../errors.ts';

/** Throws CodeUnavailableError when there are none under this specifier. */
export async function importExecutors(specifier: string | undefined): Promise<OperationExecutors> {
  if (specifier === undefined)
    throw new CodeUnavailableError('This worker was started without a module of executors and runs plain tasks only');
  const { executors } = (await import(specifier)) as { readonly executors?: OperationExecutors };
  if (executors === undefined) throw new CodeUnavailableError(`${specifier} does not export "executors"`);
  return executors;
}
