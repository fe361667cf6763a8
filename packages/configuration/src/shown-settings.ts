/** The settings in force, for people who may administer: what is secret is hidden, connections are not listed. */
import { type Configuration, notesOf, settingNames } from './settings.ts';

const HIDDEN = '***';

export interface ShownSettings {
  readonly name: string;
  readonly options: { readonly key: string; readonly value: string }[];
}

/** By the names of the environment, in one section. Settings without a value are left out. */
export function shownSettings(configuration: Configuration): readonly ShownSettings[] {
  const options = settingNames.flatMap((name) => {
    const value = configuration[name];
    const { env, secret = false } = notesOf(name);
    if (value === undefined) return [];
    return [{ key: env, value: secret ? HIDDEN : typeof value === 'string' ? value : JSON.stringify(value) }];
  });
  return [{ name: 'headrace', options }];
}
