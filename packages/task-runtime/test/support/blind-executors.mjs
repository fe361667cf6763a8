/** Executors that can do nothing. */
const fail = async () => {
  throw new Error('not this');
};
export const executors = { extract: fail, load: fail, transform: fail, export: fail };
