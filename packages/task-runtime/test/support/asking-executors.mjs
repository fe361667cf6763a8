/** Executors that ask a person before they do anything. */
const schema = {
  '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) },
  toJSONSchema: () => ({ type: 'object', required: ['approved'] }),
};
const load = async ({ operation, ask }) => {
  const answer = await ask({ subject: operation.subject, body: 'new column', schema }, { key: 'schema-1' });
  return { answer };
};
export const executors = { extract: load, load, transform: load, export: load, look: async ({ ask }) => ask === undefined };
