/** The bundles that this process has imported. A module cannot be unloaded; the worker replaces a process that holds many. */
import { registerHooks } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { DagDefinition, TaskDefinition } from '@headrace/sdk';
import { DAG_BRAND, DEFINITION_VERSION } from '@headrace/sdk/runtime';
import { CodeUnavailableError } from '../errors.ts';

type Module = Readonly<Record<string, unknown>>;

export class Bundles {
  readonly #modules = new Map<string, Promise<Module>>();

  constructor(bundleDir: string) {
    process.setSourceMapsEnabled(true);
    resolveExternalsFrom(bundleDir);
  }

  get size(): number {
    return this.#modules.size;
  }

  /** Throws CodeUnavailableError, or what the bundle throws when it is evaluated. */
  async task(
    bundle: { readonly hash: string; readonly path: string },
    dagId: string,
    taskId: string,
  ): Promise<{ dag: DagDefinition; task: TaskDefinition }> {
    const dag = await this.dag(bundle, dagId);
    const task = dag.tasks.get(taskId);
    if (task === undefined)
      throw new CodeUnavailableError(`DAG "${dagId}" has no task "${taskId}" in its code of version ${bundle.hash.slice(0, 12)}`);
    return { dag, task };
  }

  /** Throws CodeUnavailableError, or what the bundle throws when it is evaluated. */
  async dag(bundle: { readonly hash: string; readonly path: string }, dagId: string): Promise<DagDefinition> {
    const module = this.#modules.get(bundle.hash) ?? this.#import(bundle);
    return findDag(await module, dagId);
  }

  #import(bundle: { readonly hash: string; readonly path: string }): Promise<Module> {
    const module = import(pathToFileURL(bundle.path).href) as Promise<Module>;
    this.#modules.set(bundle.hash, module);
    return module;
  }
}

function findDag(module: Module, dagId: string): DagDefinition {
  for (const exported of Object.values(module).flat()) {
    if (!isDag(exported) || exported.dagId !== dagId) continue;
    if (exported[DAG_BRAND] !== DEFINITION_VERSION) {
      throw new CodeUnavailableError(
        `DAG "${dagId}" was bundled with version ${exported[DAG_BRAND]} of the definition protocol, this worker reads version ${DEFINITION_VERSION}: save the DAG file again, or use a worker of that version`,
      );
    }
    return exported;
  }
  throw new CodeUnavailableError(`The code of this run's version exports no DAG "${dagId}"`);
}

function isDag(value: unknown): value is DagDefinition {
  return typeof value === 'object' && value !== null && DAG_BRAND in value;
}

/** Native packages stay outside a bundle. Where a bundle's folder is not below the project, they are looked for from the working directory. */
function resolveExternalsFrom(bundleDir: string): void {
  const bundles = pathToFileURL(join(bundleDir, '/')).href;
  const project = pathToFileURL(join(process.cwd(), 'package.json')).href;
  registerHooks({
    resolve(specifier, context, next) {
      try {
        return next(specifier, context);
      } catch (error) {
        if (context.parentURL?.startsWith(bundles) !== true) throw error;
        return next(specifier, { ...context, parentURL: project });
      }
    },
  });
}
