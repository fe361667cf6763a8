/** Type-checks the blocks of the documents, as files next to the DAGs. */
import { join } from 'node:path';
import { ROOT } from '../architecture/workspace.ts';
import { compileTexts, messagesIn, OUR_OPTIONS } from '../support/compile-texts.ts';

/** A reader's project may be less strict than this one, but a block has nothing that it does not need. */
const OPTIONS = { ...OUR_OPTIONS, noUncheckedIndexedAccess: false, exactOptionalPropertyTypes: false, noUnusedLocals: true };

/**
 * What the compiler says of them, `name: line: message`.
 * @param blocks name → text.
 */
export function compilerErrors(blocks: ReadonlyMap<string, string>): readonly string[] {
  const places = [...blocks].map(([name, text], index) => ({ name, text, path: join(ROOT, 'dags', `block-${index}.ts`) }));
  const program = compileTexts(new Map(places.map(({ path, text }) => [path, text])), OPTIONS);
  return places.flatMap(({ name, path }) => messagesIn(program, path).map(({ line, message }) => `${name}: ${line + 1}: ${message}`));
}
