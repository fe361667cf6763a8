/** `npm run client:generate`: the typed client's part that is made from the OpenAPI document. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { generateOperations } from '../../packages/client/scripts/generate-operations.ts';
import { describedApi } from './document.ts';

const target = fileURLToPath(new URL('../../packages/client/src/generated/operations.ts', import.meta.url));
writeFileSync(target, generateOperations(await describedApi()));
