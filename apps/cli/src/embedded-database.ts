/** Where `standalone` has its PostgreSQL, and what it calls Headrace's own database there. */
import { join } from 'node:path';

export const STATE_DATABASE = 'headrace';

export function postgresFolder(home: string): string {
  return join(home, 'postgres');
}
