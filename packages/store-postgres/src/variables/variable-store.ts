/** Variables. Values are bytes here: what is in them, and under which key, is not this store's business. */
import { type StoredVariable, VariableExistsError, VariableNotFoundError, type VariableStore } from '@headrace/ports';
import type { Database } from '../database.ts';
import { Conditions } from '../queries/conditions.ts';
import { type ListQuery, list, one } from '../queries/list.ts';
import { constraintOf } from '../transaction.ts';

interface Row {
  readonly name: string;
  readonly description: string | null;
  readonly value: Buffer;
  readonly key_id: string;
}

const VARIABLES: ListQuery<Row, StoredVariable> = {
  columns: 'v.name, v.description, v.value, v.key_id',
  from: 'variable v',
  order: { id: { neverNull: 'v.id' }, key: { neverNull: 'v.name' }, name: { neverNull: 'v.name' }, description: 'v.description' },
  key: 'v.id',
  item: ({ name, description, value, key_id: keyId }) => ({
    name,
    value: { bytes: new Uint8Array(value), keyId },
    ...(description === null ? {} : { description }),
  }),
};

const CREATE = 'insert into variable (name, description, value, key_id) values ($1, $2, $3, $4)';
/** Parameters: as `CREATE`, and the value that it must have, or null for any. */
const REPLACE = `
  update variable set description = $2, value = $3, key_id = $4, updated_at = now() where name = $1 and ($5::bytea is null or value = $5)`;

export function createVariableStore(database: Database): VariableStore {
  const reads = () => database.lane('reads');
  const work = () => database.lane('work');
  return {
    variables: ({ namePattern }, page) => list(reads(), VARIABLES, new Conditions().like('v.name', namePattern), page),
    variable: (name) => one(reads(), VARIABLES, new Conditions().add('v.name = ?', name)),
    async create(variable) {
      try {
        await work().query(CREATE, valuesOf(variable));
      } catch (error) {
        if (constraintOf(error) === 'variable_name_key') throw new VariableExistsError(variable.name);
        throw error;
      }
    },
    async replace(variable, before) {
      const { rowCount } = await work().query(REPLACE, [...valuesOf(variable), before === undefined ? null : Buffer.from(before.bytes)]);
      if (rowCount === 1) return true;
      if ((await one(work(), VARIABLES, new Conditions().add('v.name = ?', variable.name))) === undefined)
        throw new VariableNotFoundError(variable.name);
      return false;
    },
    async delete(name) {
      const { rowCount } = await work().query('delete from variable where name = $1', [name]);
      if (rowCount === 0) throw new VariableNotFoundError(name);
    },
  };
}

function valuesOf({ name, description, value }: StoredVariable): unknown[] {
  return [name, description ?? null, Buffer.from(value.bytes), value.keyId];
}
