/** Writes docs/cli-reference.md from the commands. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { cliDocument } from './cli-document.ts';

writeFileSync(fileURLToPath(new URL('../../../docs/cli-reference.md', import.meta.url)), cliDocument());
