// Fastify looks for the name of a plugin without one among all modules of `require.cache`. Node answers that at once; Jest makes the list anew
// for each plugin, which took two thirds of every test of the API. A plugin that says what it is called is asked, so here every function does.
const NAME = Symbol.for('fastify.display-name');

Object.defineProperty(Function.prototype, NAME, {
  configurable: true,
  get() {
    return this.name || 'anonymous';
  },
  set(value) {
    Object.defineProperty(this, NAME, { value, configurable: true, writable: true });
  },
});
