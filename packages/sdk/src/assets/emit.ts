/** What a task says about the events of its outlets. */
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { TaskContext } from '../task-context.ts';
import type { AnyAsset, MetadataOf, PartitionKeyOf } from './asset.ts';

interface EmittedEvent<Metadata, Key extends string> {
  readonly extra?: Metadata;
  /** Of which of the asset's partitions the event is. Default: the run's. */
  readonly partition?: Key | undefined;
}

/** An asset with metadata must be given them; of another they are whatever JSON. */
type EventOf<A> =
  Readonly<Record<string, unknown>> extends MetadataOf<A>
    ? [event?: EmittedEvent<MetadataOf<A>, PartitionKeyOf<A>>]
    : [event: EmittedEvent<MetadataOf<A>, PartitionKeyOf<A>> & { readonly extra: MetadataOf<A> }];

/**
 * Adds to the event of an outlet, which is made when the task succeeds, or makes one of a partition.
 * Throws MetadataError when what is said is not what the asset's `metadata` ask for.
 */
export type Emit<Outlets extends readonly AnyAsset[]> = <A extends Outlets[number]>(asset: A, ...event: EventOf<A>) => void;

/** What a task says about an asset is not what the asset's schema asks for. */
export class MetadataError extends Error {
  readonly code = 'HR_BAD_METADATA';
  readonly retryable = false;
  constructor(asset: string, why: string) {
    super(`emit("${asset}"): ${why}`);
    this.name = 'MetadataError';
  }
}

/** `emit` of a task's context, with the metadata of these outlets checked. */
export function checkedEmit(outlets: readonly AnyAsset[], emit: TaskContext['emit']): TaskContext['emit'] {
  const schemas = new Map(
    outlets.flatMap((outlet) => (outlet.metadata === undefined ? [] : [[outlet.name, outlet.metadata as StandardSchemaV1]])),
  );
  return (asset, event) => {
    const name = typeof asset === 'string' ? asset : asset.name;
    const schema = schemas.get(name);
    emit(name, schema === undefined ? event : { ...event, extra: checked(name, schema, event?.extra) });
  };
}

function checked(name: string, schema: StandardSchemaV1, extra: unknown): Readonly<Record<string, unknown>> {
  const result = schema['~standard'].validate(extra ?? {});
  if (result instanceof Promise)
    throw new MetadataError(name, 'the schema of its metadata validates asynchronously; use one that does not');
  if (result.issues !== undefined) throw new MetadataError(name, result.issues.map((issue) => issue.message).join('; '));
  return result.value as Readonly<Record<string, unknown>>;
}
