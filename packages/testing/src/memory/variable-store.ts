/** Variables. */
import { type StoredVariable, UnknownOrderError, VariableExistsError, VariableNotFoundError, type VariableStore } from '@headrace/ports';
import type { MemoryDatabase } from './database.ts';
import { likePattern } from './like-pattern.ts';

interface VariableRow extends StoredVariable {
  readonly id: number;
}

type Key = (row: VariableRow) => string | number | undefined;

const ORDERS: Readonly<Record<string, Key>> = {
  id: (row) => row.id,
  key: (row) => row.name,
  name: (row) => row.name,
  description: (row) => row.description,
};

export function createVariableStore(db: MemoryDatabase): VariableStore {
  const table = db.table<VariableRow>('variable');
  const known = (name: string): VariableRow => {
    const row = table.get(name);
    if (row === undefined) throw new VariableNotFoundError(name);
    return row;
  };
  return {
    async variables({ namePattern }, { limit, offset, orderBy = [] }) {
      const found = [...table.rows()].filter(({ name }) => namePattern === undefined || likePattern(namePattern).test(name));
      return {
        items: found
          .sort(comparison(orderBy))
          .slice(offset, offset + limit)
          .map(stored),
        total: found.length,
      };
    },
    async variable(name) {
      const row = table.get(name);
      return row === undefined ? undefined : stored(row);
    },
    async create(variable) {
      if (table.get(variable.name) !== undefined) throw new VariableExistsError(variable.name);
      db.transaction(() => void table.insert(variable.name, { ...variable, id: Number(db.nextId('variable')) }));
    },
    async replace(variable, before) {
      const { id, value } = known(variable.name);
      if (before !== undefined && Buffer.compare(before.bytes, value.bytes) !== 0) return false;
      db.transaction(() => void table.put(variable.name, { ...variable, id }));
      return true;
    },
    async delete(name) {
      known(name);
      db.transaction(() => void table.delete(name));
    },
  };
}

function stored({ id: _, ...variable }: VariableRow): StoredVariable {
  return variable;
}

/** What is missing comes last; what is alike, as it was made, in the direction of the last column. */
function comparison(orderBy: readonly string[]): (a: VariableRow, b: VariableRow) => number {
  const terms = [...orderBy, orderBy.at(-1)?.startsWith('-') === true ? '-id' : 'id'].map((term) => {
    const descending = term.startsWith('-');
    const name = descending ? term.slice(1) : term;
    const key = Object.hasOwn(ORDERS, name) ? ORDERS[name] : undefined;
    if (key === undefined) throw new UnknownOrderError(name, Object.keys(ORDERS).sort());
    return (a: VariableRow, b: VariableRow): number => {
      const [x, y] = [key(a), key(b)];
      if (x === undefined || y === undefined) return Number(x === undefined) - Number(y === undefined);
      return (x < y ? -1 : x > y ? 1 : 0) * (descending ? -1 : 1);
    };
  });
  return (a, b) => terms.reduce((found, term) => found || term(a, b), 0);
}
