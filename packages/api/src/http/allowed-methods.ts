/** Which methods an address takes, for requests with another: they are answered with 405 and the list, not as if nothing were there. */
import type { FastifyInstance } from 'fastify';

interface KnownPath {
  readonly pattern: RegExp;
  readonly methods: Set<string>;
  /** How many of its parts vary. */
  readonly variables: number;
}

/** Must be called before the first route is added. The answer: the methods of the path, of several that fit the one with the fewest variable parts; none when there is no such path. */
export function watchMethods(app: FastifyInstance): (path: string) => readonly string[] {
  const known = new Map<string, KnownPath>();
  app.addHook('onRoute', ({ method, url }) => {
    if (url.includes('*')) return;
    const path = known.get(url) ?? { pattern: patternOf(url), methods: new Set(), variables: url.split('/:').length - 1 };
    for (const one of [method].flat()) path.methods.add(one);
    known.set(url, path);
  });
  return (path) => {
    const fitting = [...known.values()].filter(({ pattern }) => pattern.test(path));
    const fewest = Math.min(...fitting.map(({ variables }) => variables));
    return fitting
      .filter(({ variables }) => variables === fewest)
      .flatMap(({ methods }) => [...methods])
      .sort();
  };
}

function patternOf(url: string): RegExp {
  const parts = url.split('/').map((part) => (part.startsWith(':') ? '[^/]+' : part.replaceAll(/[^\w-]/g, '\\$&')));
  return new RegExp(`^${parts.join('/')}$`);
}
