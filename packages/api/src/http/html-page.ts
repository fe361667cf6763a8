/** The few pages that must work before there is a UI: forms without a script. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:26rem;margin:4rem auto;padding:0 1rem;color:#1b1f24}label,input,button{display:block;width:100%;box-sizing:border-box}input{font:inherit;padding:.5rem;margin:.25rem 0 1rem}button{font:inherit;padding:.6rem;cursor:pointer}.wrong{color:#b3261e}';
const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');
/** The page of a form may send it here, and do nothing else. */
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'`;

export interface Field {
  readonly name: string;
  readonly label?: string;
  readonly type: 'text' | 'password' | 'hidden';
  readonly value?: string;
  readonly autocomplete?: string;
}

export interface Form {
  readonly action: string;
  readonly fields: readonly Field[];
  readonly button: string;
}

export function sendPage(
  reply: FastifyReply,
  { title, text, wrong, form }: { readonly title: string; readonly text: string; readonly wrong?: string; readonly form?: Form },
): FastifyReply {
  const parts = [`<h1>${escaped(title)}</h1>`, `<p>${escaped(text)}</p>`];
  if (wrong !== undefined) parts.push(`<p class="wrong" role="alert">${escaped(wrong)}</p>`);
  if (form !== undefined)
    parts.push(
      `<form method="post" action="${escaped(form.action)}">${form.fields.map(input).join('')}<button>${escaped(form.button)}</button></form>`,
    );
  const page = `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escaped(title)} - Headrace</title><style>${STYLE}</style></head><body><main>${parts.join('')}</main></body></html>`;
  return reply
    .headers({ 'content-security-policy': POLICY, 'cache-control': 'no-store' })
    .type('text/html; charset=utf-8')
    .serializer(String)
    .send(page);
}

function input({ name, label, type, value, autocomplete }: Field): string {
  const given = `${value === undefined ? '' : ` value="${escaped(value)}"`}${autocomplete === undefined ? '' : ` autocomplete="${autocomplete}"`}`;
  const field = `<input name="${name}" type="${type}"${given}${type === 'hidden' ? '' : ' required'}>`;
  return label === undefined ? field : `<label>${escaped(label)}${field}</label>`;
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
