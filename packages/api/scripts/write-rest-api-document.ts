/** Writes docs/rest-api.md. */
import { writeFileSync } from 'node:fs';
import { restApiDocument } from '../test/support/rest-api-document.ts';

writeFileSync(new URL('../../../docs/rest-api.md', import.meta.url), restApiDocument());
