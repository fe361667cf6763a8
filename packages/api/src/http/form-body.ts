/** Bodies of forms, for the routes of the plugin that asks for it and no others. */
import type { FastifyInstance } from 'fastify';

export const FORM = 'application/x-www-form-urlencoded';

/** The last of several fields with one name counts. */
export function acceptForms(app: Pick<FastifyInstance, 'addContentTypeParser'>): void {
  app.addContentTypeParser(FORM, { parseAs: 'string' }, (_, body, done) => {
    const fields: Record<string, string> = Object.create(null);
    for (const [name, value] of new URLSearchParams(String(body))) fields[name] = value;
    done(null, { ...fields });
  });
}
