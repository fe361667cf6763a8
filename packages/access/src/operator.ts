/** Who works on this machine, where no API asks who it is. */
import { hostname, userInfo } from 'node:os';

/** As the operating system says it: `ada@server`. A user id without a name, as in many containers, stands for itself. */
export function operatorHere(): string {
  try {
    return `${userInfo().username}@${hostname()}`;
  } catch {
    return `${process.getuid?.() ?? 'somebody'}@${hostname()}`;
  }
}
