/** Writes docs/configuration.md from the settings. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { configurationDocument } from '../src/configuration-document.ts';

writeFileSync(fileURLToPath(new URL('../../../docs/configuration.md', import.meta.url)), configurationDocument());
