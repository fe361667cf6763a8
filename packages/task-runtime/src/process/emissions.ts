/** What a task says about its outlets. */
import type { NewAssetEvent } from '@headrace/ports';
import { UnknownOutletError } from '../errors.ts';
import type { RunOrder } from '../protocol.ts';

export interface Emission {
  readonly extra?: Readonly<Record<string, unknown>>;
  readonly partition?: string | undefined;
}

export interface Emissions {
  /** Throws UnknownOutletError, and InvalidAssetEventError of the core. */
  emit(asset: string | { readonly name: string }, emission?: Emission): void;
  /** What a success records. `facts` are told of each of them that does not say otherwise. */
  events(facts?: Readonly<Record<string, unknown>>): readonly NewAssetEvent[];
}

/** Of a task without outlets. */
export function noEmissions({ taskId }: Pick<RunOrder, 'taskId'>): Emissions {
  return {
    emit(asset) {
      throw new UnknownOutletError(taskId, typeof asset === 'string' ? asset : asset.name, []);
    },
    events: () => [],
  };
}
