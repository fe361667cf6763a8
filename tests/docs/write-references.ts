/** Writes the references that are made of the sources: `npm run docs:references`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../architecture/workspace.ts';
import { REFERENCES } from './references.ts';

for (const [path, text] of Object.entries(REFERENCES)) writeFileSync(join(ROOT, path), await text());
