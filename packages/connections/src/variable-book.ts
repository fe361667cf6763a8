/** Variables with their values: encrypted on their way into the store, masked for people where the name says that it is a secret. */
import {
  InvalidVariableError,
  type StoredVariable,
  type VariableBook,
  VariableNotFoundError,
  type VariableStore,
  type VariableView,
} from '@headrace/ports';
import { SecretUnreadableError } from './errors.ts';
import type { Keyring } from './keyring.ts';

const MASK = '***';
const PAGE = 100;
/** Airflow's: what is called like this is a secret. */
const SECRET_NAME = /access_token|api_?key|authorization|passphrase|passwd|password|private_key|secret|token|credential/i;

export class VariableUnreadableError extends Error {
  readonly code = 'HR_SECRET_UNREADABLE';
  constructor(name: string, options: ErrorOptions) {
    super(
      `The value of variable "${name}" cannot be decrypted: name the key that it was encrypted under in HEADRACE_SECRET_KEY_PREVIOUS, or set it anew`,
      options,
    );
    this.name = 'VariableUnreadableError';
  }
}

export function createVariableBook(store: VariableStore, keyring: Keyring): VariableBook {
  // No connection is called like this: their ids have no colon.
  const bound = (name: string): string => `variable:${name}`;

  const plain = ({ name, value }: StoredVariable): string => {
    try {
      return keyring.open(bound(name), value);
    } catch (error) {
      throw error instanceof SecretUnreadableError ? new VariableUnreadableError(name, { cause: error }) : error;
    }
  };

  const sealed = (name: string, value: string, description: string | null | undefined): StoredVariable => ({
    name,
    value: keyring.seal(bound(name), value),
    ...(description == null ? {} : { description }),
  });

  const view = (stored: StoredVariable): VariableView => {
    const { name, description } = stored;
    let value = MASK;
    try {
      if (!SECRET_NAME.test(name)) value = plain(stored);
    } catch {
      // A list is shown also where one of its values was encrypted under a key that is gone.
    }
    return { name, value, ...(description === undefined ? {} : { description }) };
  };

  return {
    async list(filter, page) {
      const { items, ...rest } = await store.variables(filter, page);
      return { ...rest, items: items.map(view) };
    },
    async get(name) {
      const stored = await store.variable(name);
      return stored === undefined ? undefined : view(stored);
    },
    async create({ name, value, description }) {
      if (name.length === 0 || name.length > 250)
        throw new InvalidVariableError(name.slice(0, 250), 'its key must have 1 to 250 characters');
      const stored = sealed(name, value, description);
      await store.create(stored);
      return view(stored);
    },
    async change(name, { value, description }) {
      const before = await store.variable(name);
      if (before === undefined) throw new VariableNotFoundError(name);
      const said = description === undefined ? before.description : description;
      const isKept = value === undefined || (value === MASK && SECRET_NAME.test(name));
      const after = isKept ? { name, value: before.value, ...(said == null ? {} : { description: said }) } : sealed(name, value, said);
      await store.replace(after);
      return view(after);
    },
    delete: (name) => store.delete(name),
    async rotate() {
      let rotated = 0;
      let unchanged = 0;
      for (let offset = 0; ; offset += PAGE) {
        const { items } = await store.variables({}, { limit: PAGE, offset, orderBy: ['id'] });
        for (const stored of items) {
          const isCurrent = stored.value.keyId === keyring.currentId;
          if (!isCurrent && (await store.replace({ ...stored, value: keyring.seal(bound(stored.name), plain(stored)) }, stored.value)))
            rotated += 1;
          else unchanged += 1;
        }
        if (items.length < PAGE) return { rotated, unchanged };
      }
    },
    async value(name) {
      const stored = await store.variable(name);
      return stored === undefined ? undefined : plain(stored);
    },
  };
}
