/** The pages of docs/ that are made of the sources here: path → text. Those of metrics, settings and commands are made by their packages. */
import { apiDocument } from './api-reference.ts';
import { errorDocument } from './error-reference.ts';
import { optionsDocument } from './options-reference.ts';

export const REFERENCES: Readonly<Record<string, () => string | Promise<string>>> = {
  'docs/errors.md': errorDocument,
  'docs/api-reference.md': apiDocument,
  'docs/options.md': optionsDocument,
};
