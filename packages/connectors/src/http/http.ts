/** An HTTP connection: `https://user:password@host/base`, or with `?bearerToken=…`. Any other parameter goes with every request. */
export interface Http {
  readonly connector: 'http';
  readonly connection: string;
}

/** Names an HTTP connection as a place to ask. */
export function http(connection: string): Http {
  return { connector: 'http', connection };
}
