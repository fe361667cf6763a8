/** What can be wrong with a connection that somebody keeps in Headrace. None of the messages repeats a secret. */

export class InvalidConnectionError extends Error {
  readonly code = 'HR_INVALID_CONNECTION';
  constructor(connId: string, what: string) {
    super(`Connection "${connId}": ${what}`);
    this.name = 'InvalidConnectionError';
  }
}

export class SecretKeyMissingError extends Error {
  readonly code = 'HR_SECRET_KEY_MISSING';
  constructor() {
    super(
      'HEADRACE_SECRET_KEY is not set, so no secret can be stored or read: give the API and all workers the same one (`openssl rand -base64 32` makes it)',
    );
    this.name = 'SecretKeyMissingError';
  }
}

/** Encrypted under a key that this process does not have, changed in the database, or moved there from another connection. */
export class SecretUnreadableError extends Error {
  readonly code = 'HR_SECRET_UNREADABLE';
  constructor(connId: string, why: 'key' | 'content') {
    super(
      why === 'key'
        ? `The secret of connection "${connId}" was encrypted under another key than HEADRACE_SECRET_KEY: name that key in HEADRACE_SECRET_KEY_PREVIOUS, or set the connection's password anew`
        : `The secret of connection "${connId}" was changed in the database or is another connection's: set the connection's password anew`,
    );
    this.name = 'SecretUnreadableError';
  }
}
