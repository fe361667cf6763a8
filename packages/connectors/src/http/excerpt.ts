/** What a server has answered, as a message may show it: short, in one line, without secrets. */
const LENGTH = 300;

/** `: …`, or nothing for an empty body. */
export function excerpt(body: string, secrets: readonly string[]): string {
  const text = shortened(body, secrets);
  return text === '' ? '' : `: ${text}`;
}

export function shortened(body: string, secrets: readonly string[]): string {
  // Masked before it is cut, so that no half of a secret is left.
  const line = masked(body.slice(0, 65_536), secrets)
    .replaceAll(/[\s\p{Cc}]+/gu, ' ')
    .trim();
  return line.length > LENGTH ? `${line.slice(0, LENGTH)}…` : line;
}

function masked(text: string, secrets: readonly string[]): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length < 3) continue;
    for (const form of new Set([secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1)]))
      safe = safe.replaceAll(form, '***');
  }
  return safe;
}
