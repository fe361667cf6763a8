/** Filters by bounds: `start_date_gte` and the like. */
import { type TOptional, type TSchema, Type } from 'typebox';
import { DateTime, Nullable } from './scalars.ts';

const BOUNDS = ['gte', 'gt', 'lte', 'lt'] as const;
type Bounds<Name extends string, Schema> = Record<`${Name}_${(typeof BOUNDS)[number]}`, Schema>;

const time = Type.Optional(DateTime);
const seconds = Type.Optional(Type.Number({ minimum: 0, maximum: 1e10 }));

function bounded<Name extends string, Schema>(name: Name, bound: Schema): Bounds<Name, Schema> {
  return Object.fromEntries(BOUNDS.map((suffix) => [`${name}_${suffix}`, bound])) as Bounds<Name, Schema>;
}

/** Four bounds of a time, each optional. */
export const timeRange = <Name extends string>(name: Name) => bounded(name, time);
/** Four bounds of a length of time in seconds. */
export const secondsRange = <Name extends string>(name: Name) => bounded(name, seconds);

/** The same fields in a body, where null stands for absent. */
export function nullableFields<Fields extends Readonly<Record<string, TOptional<TSchema>>>>(fields: Fields) {
  type Nulled<Schema> = Schema extends TOptional<infer Inner extends TSchema> ? TOptional<ReturnType<typeof Nullable<Inner>>> : never;
  return Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, Type.Optional(Nullable(schema as TSchema))])) as {
    [Name in keyof Fields]: Nulled<Fields[Name]>;
  };
}
