/** Variables: values that people keep for tasks. */
import {
  BulkResponse,
  BulkVariables,
  VariableBody,
  VariableCollection,
  VariableListQuery,
  VariablePatchQuery,
  VariableResponse,
} from '@headrace/api-contract';
import { type VariableBook, type VariableChange, VariableNotFoundError, type VariableView } from '@headrace/ports';
import { Type } from 'typebox';
import { invalid } from '../http/api-problem.ts';
import { answers, answersAs, path, permit } from '../http/route-schema.ts';
import { type BulkAction, type BulkKind, carryOut } from './bulk.ts';
import type { Routes } from './context.ts';
import { given } from './filters.ts';
import { pageOf } from './page.ts';

const tags = ['Variable'];

export const variableRoutes: Routes = async (app, { deps: { variables } }) => {
  app.get(
    '/variables',
    {
      ...permit('read', 'variable'),
      schema: {
        operationId: 'get_variables',
        tags,
        querystring: VariableListQuery,
        response: answers(VariableCollection, 'HR_UNKNOWN_ORDER'),
      },
    },
    async ({ query }) => {
      const { items, total } = await variables.list(given({ namePattern: query.variable_key_pattern }), pageOf(query));
      return { variables: items.map(presentVariable), total_entries: total };
    },
  );

  app.get(
    '/variables/:variable_key',
    {
      ...permit('read', 'variable'),
      schema: {
        operationId: 'get_variable',
        tags,
        params: path('variable_key'),
        response: answers(VariableResponse, 'HR_VARIABLE_NOT_FOUND'),
      },
    },
    async ({ params: { variable_key: name } }) => {
      const found = await variables.get(name);
      if (found === undefined) throw new VariableNotFoundError(name);
      return presentVariable(found);
    },
  );

  app.post(
    '/variables',
    {
      ...permit('edit', 'variable'),
      schema: {
        operationId: 'post_variable',
        tags,
        body: VariableBody,
        response: answersAs(201, VariableResponse, 'HR_VARIABLE_EXISTS', 'HR_INVALID_VARIABLE', 'HR_SECRET_KEY_MISSING'),
      },
    },
    async ({ body }, reply) => reply.code(201).send(presentVariable(await variables.create(newVariable(body)))),
  );

  app.patch(
    '/variables',
    {
      ...permit('edit', 'variable'),
      schema: {
        operationId: 'bulk_variables',
        tags,
        body: BulkVariables,
        response: answers(BulkResponse),
      },
    },
    ({ body }) => carryOut(body.actions as BulkAction<VariableBody>[], bulkOf(variables)),
  );

  app.patch(
    '/variables/:variable_key',
    {
      ...permit('edit', 'variable'),
      schema: {
        operationId: 'patch_variable',
        tags,
        params: path('variable_key'),
        querystring: VariablePatchQuery,
        body: VariableBody,
        response: answers(VariableResponse, 'HR_VARIABLE_NOT_FOUND', 'HR_SECRET_KEY_MISSING'),
      },
    },
    async ({ params: { variable_key: name }, query, body }) => {
      if (body.key !== name)
        throw invalid({ field: 'body.key', message: `is another key than "${name}": create a variable of the new key` });
      return presentVariable(await variables.change(name, changeOf(body, query.update_mask)));
    },
  );

  app.delete(
    '/variables/:variable_key',
    {
      ...permit('edit', 'variable'),
      schema: {
        operationId: 'delete_variable',
        tags,
        params: path('variable_key'),
        response: answersAs(204, Type.Null(), 'HR_VARIABLE_NOT_FOUND'),
      },
    },
    async ({ params }, reply) => {
      await variables.delete(params.variable_key);
      return reply.code(204).send(null);
    },
  );
};

function bulkOf(variables: VariableBook): BulkKind<VariableBody> {
  const keyOf = (entity: VariableBody | string): string => (typeof entity === 'string' ? entity : entity.key);
  return {
    keyOf,
    create: (body) => variables.create(newVariable(body)),
    update: (body, mask) => variables.change(body.key, changeOf(body, mask)),
    delete: (entity) => variables.delete(keyOf(entity)),
    exists: 'HR_VARIABLE_EXISTS',
    absent: 'HR_VARIABLE_NOT_FOUND',
  };
}

function newVariable({ key, value, description }: VariableBody) {
  return { name: key, value: textOf(value), description: description ?? null };
}

function changeOf({ value, description }: VariableBody, mask: readonly string[] | undefined): VariableChange {
  const wanted = (field: string): boolean => mask?.includes(field) ?? true;
  return {
    ...(wanted('value') ? { value: textOf(value) } : {}),
    ...(description !== undefined && wanted('description') ? { description } : {}),
  };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

function presentVariable({ name, value, description }: VariableView): VariableResponse {
  return { key: name, value, description: description ?? null, is_encrypted: true, team_name: null };
}
