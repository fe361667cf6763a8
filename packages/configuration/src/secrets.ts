import type { Configuration } from './settings.ts';

/** The values in a configuration that no log may show: keys, tokens, and what stands before the `@` and in the query of URLs. */
export function secretsOf(configuration: Configuration): readonly string[] {
  const { secretKey, secretKeyPrevious, token, oidcClientSecret, openLineageApiKey, databaseUrl, queueUrl, objects, connections } =
    configuration;
  const secrets = [secretKey, ...secretKeyPrevious, token, oidcClientSecret, openLineageApiKey].filter((value) => value !== undefined);
  for (const url of [databaseUrl, queueUrl, objects, ...Object.values(connections)]) {
    if (url === undefined || !URL.canParse(url)) continue;
    const { password, searchParams } = new URL(url);
    if (password !== '') secrets.push(password, decoded(password));
    for (const [name, value] of searchParams) if (/secret|password|passphrase|token|key/i.test(name)) secrets.push(value);
  }
  return [...new Set(secrets)];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
