/** PostgreSQL refuses to run as root. This is whom it runs as instead. */
import { readFileSync } from 'node:fs';

export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

const CANDIDATES = ['postgres', 'nobody'];

/** Undefined when this process is not root and needs no other user. */
export function unprivilegedUser(): SystemUser | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'))
    .map(([name = '', , uid, gid]): SystemUser => ({ name, uid: Number(uid), gid: Number(gid) }));
  for (const candidate of CANDIDATES) {
    const user = users.find(({ name }) => name === candidate);
    if (user !== undefined) return user;
  }
  throw new Error(`PostgreSQL cannot run as root, and there is no user to run it as: create one of ${CANDIDATES.join(', ')}`);
}
