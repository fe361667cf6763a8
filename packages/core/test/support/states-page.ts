/** The page `docs/states.md`. Run this file to write it anew: `node packages/core/test/support/states-page.ts`. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { drawTransitions } from '../../src/index.ts';

export const STATES_PAGE = new URL('../../../../docs/states.md', import.meta.url);

export function statesPage(): string {
  return [
    '# The states of a task instance',
    '',
    'Generated from `TASK_TRANSITIONS` in `packages/core/src/model/transitions.ts`; a test keeps it equal. No other move happens anywhere in Headrace.',
    'In brackets who makes the move: `core` decides it, `dispatch` is the store giving a slot or ending a wait, `worker` is the attempt, `command` is a person.',
    '',
    '```mermaid',
    `${drawTransitions()}\`\`\``,
    '',
  ].join('\n');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(STATES_PAGE, statesPage());
