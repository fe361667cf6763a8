export type { Action, GrantedKind, Role, Visible } from '@headrace/ports';
export { operatorHere } from './operator.ts';
export { createPasswords, DEFAULT_COST, type PasswordCost, type Passwords, passwordProblem } from './password.ts';
export {
  type Allowance,
  EVERYTHING,
  grantedWith,
  OBJECT_KINDS,
  type ObjectKind,
  ofGrant,
  ofRoles,
  ofScope,
  Rights,
  ROLE_TABLE,
} from './rights.ts';
export { type IssuedToken, issueToken, readToken, type TokenKind } from './token.ts';
