/**
 * Variables: values that people keep for tasks, and what is asked of them.
 *
 * VA1. A value is stored encrypted only, as the secrets of connections are, and bound to its name.
 * VA2. A person is shown a value, unless the name says that it is a secret.
 */
import type { SealedSecret } from './connection-store.ts';
import type { Listed, Page } from './page.ts';

export interface StoredVariable {
  readonly name: string;
  readonly description?: string;
  readonly value: SealedSecret;
}

export interface VariableFilter {
  readonly namePattern?: string;
}

export interface VariableStore {
  /** Order by `id` (as they were made), `key` (also `name`), `description`. Rejects with UnknownOrderError. */
  variables(filter: VariableFilter, page: Page): Promise<Listed<StoredVariable>>;
  variable(name: string): Promise<StoredVariable | undefined>;
  /** Rejects with VariableExistsError. */
  create(variable: StoredVariable): Promise<void>;
  /** All but its name. With `before`: only if that is its value still; false: it is not. Rejects with VariableNotFoundError. */
  replace(variable: StoredVariable, before?: SealedSecret): Promise<boolean>;
  /** Rejects with VariableNotFoundError. */
  delete(name: string): Promise<void>;
}

export interface VariableView {
  readonly name: string;
  readonly description?: string;
  /** `***` where it is a secret, or cannot be decrypted here. */
  readonly value: string;
}

/** Undefined leaves a field, null takes it away. A value of `***` leaves what is a secret. */
export interface VariableChange {
  readonly value?: string;
  readonly description?: string | null;
}

/** Variables with their values, for whoever has the key. */
export interface VariableBook {
  list(filter: VariableFilter, page: Page): Promise<Listed<VariableView>>;
  get(name: string): Promise<VariableView | undefined>;
  /** Rejects with VariableExistsError, InvalidVariableError, SecretKeyMissingError. */
  create(variable: { readonly name: string; readonly value: string; readonly description?: string | null }): Promise<VariableView>;
  /** Rejects with VariableNotFoundError, SecretKeyMissingError. */
  change(name: string, change: VariableChange): Promise<VariableView>;
  /** Rejects with VariableNotFoundError. */
  delete(name: string): Promise<void>;
  /** Encrypts every value under the current key. One that is changed meanwhile is under it anyway. */
  rotate(): Promise<{ readonly rotated: number; readonly unchanged: number }>;
  /** As a task is given it. Undefined: there is none. Rejects with an error of the code HR_SECRET_UNREADABLE. */
  value(name: string): Promise<string | undefined>;
}

export class VariableNotFoundError extends Error {
  readonly code = 'HR_VARIABLE_NOT_FOUND';
  constructor(name: string) {
    super(`There is no variable "${name}"`);
    this.name = 'VariableNotFoundError';
  }
}

export class VariableExistsError extends Error {
  readonly code = 'HR_VARIABLE_EXISTS';
  constructor(name: string) {
    super(`There is a variable "${name}" already: change it, or give the new one another key`);
    this.name = 'VariableExistsError';
  }
}

export class InvalidVariableError extends Error {
  readonly code = 'HR_INVALID_VARIABLE';
  constructor(name: string, what: string) {
    super(`Variable "${name}": ${what}`);
    this.name = 'InvalidVariableError';
  }
}
