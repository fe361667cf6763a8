/**
 * Every error becomes problem JSON.
 *
 * N1. What we did not foresee is `HR_INTERNAL`: the answer says nothing about it but the id under which the log has it.
 * N2. No stack trace, no SQL and no host name leaves the process.
 */
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { PROBLEMS, type Problem, type ProblemCode } from '@headrace/api-contract';
import type { Log } from '@headrace/ports';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ApiProblem, isProblemCode } from './api-problem.ts';
import { RequestFieldsError } from './validation.ts';

/** Fastify's own refusals. */
const FASTIFY_CODES: Readonly<Record<string, ProblemCode>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'HR_BODY_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'HR_MEDIA_TYPE',
  FST_ERR_CTP_EMPTY_TYPE: 'HR_MEDIA_TYPE',
};

/** A database that is away, starting, stopping or full: SQLSTATE classes 08, 53 and 57P, and the socket's errors. */
const DATABASE_AWAY = /^(08\w{3}|53\w{3}|57P\d\d|ECONNREFUSED|ECONNRESET|ENOTFOUND|ETIMEDOUT|EPIPE|EAI_AGAIN)$/;

/** A value of the request that passed its schema and yet cannot be kept: out of range, or no text. Classes 22 and 54 of SQLSTATE. */
const UNSTORABLE = /^(22003|22007|22008|22021|22P02|22P05|54000|54001)$/;

/** @param methodsOf the methods that a path takes. */
export function answerProblems(app: FastifyInstance, log: Log, methodsOf: (path: string) => readonly string[]): void {
  app.setErrorHandler((error, request, reply) => {
    // Of a request that has no route, what is wrong with its body does not matter.
    const problem = request.is404 ? withoutRoute(request, reply, methodsOf) : toProblem(error);
    return sendProblem(request, reply, problem, log, error);
  });
  app.setNotFoundHandler((request, reply) => sendProblem(request, reply, withoutRoute(request, reply, methodsOf), log));
}

/** For requests that fail before routing (a malformed address). */
export function answerFrameworkError(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Log): void {
  void sendProblem(request, reply, toProblem(error), log, error);
}

/** For what is no request that Node can read: there is no request and no reply yet, only the connection, which is closed. */
export function answerUnreadable(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = error.code === 'HPE_HEADER_OVERFLOW' ? 'HR_HEADERS_TOO_LARGE' : 'HR_BAD_REQUEST';
  const { status, title } = PROBLEMS[code];
  const problem: Problem = { type: `urn:headrace:problem:${code}`, title, status, detail: title, code, instance: 'unknown' };
  const body = JSON.stringify(problem);
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

function withoutRoute(request: FastifyRequest, reply: FastifyReply, methodsOf: (path: string) => readonly string[]): ApiProblem {
  const path = pathOf(request);
  const methods = methodsOf(path);
  if (methods.length === 0)
    return new ApiProblem('HR_ROUTE_NOT_FOUND', `There is no ${request.method} ${path}; /openapi.json lists what there is`);
  reply.header('allow', methods.join(', '));
  return new ApiProblem('HR_METHOD_NOT_ALLOWED', `${path} takes ${methods.join(', ')}, not ${request.method}`);
}

function toProblem(error: unknown): ApiProblem {
  if (error instanceof ApiProblem) return error;
  if (error instanceof RequestFieldsError) return new ApiProblem('HR_INVALID_REQUEST', error.message, error.fields);
  const { code, statusCode, message } = error as { code?: unknown; statusCode?: unknown; message?: string };
  if (isProblemCode(code)) return new ApiProblem(code, message ?? PROBLEMS[code].title);
  if (typeof code === 'string') {
    const known = FASTIFY_CODES[code];
    if (known !== undefined) return new ApiProblem(known, message ?? PROBLEMS[known].title);
    if (UNSTORABLE.test(code)) return new ApiProblem('HR_INVALID_REQUEST', 'A value of the request is out of the range that can be kept');
    if (DATABASE_AWAY.test(code))
      return new ApiProblem('HR_UNAVAILABLE', 'The database cannot be reached at the moment: try again shortly');
  }
  if (typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500)
    return new ApiProblem('HR_BAD_REQUEST', message ?? 'Bad request');
  return new ApiProblem('HR_INTERNAL', 'Something went wrong on our side; the log of the server has it under the id in `instance`');
}

async function sendProblem(
  request: FastifyRequest,
  reply: FastifyReply,
  problem: ApiProblem,
  log: Log,
  cause?: unknown,
): Promise<FastifyReply> {
  const { status, title } = PROBLEMS[problem.code];
  // A request that cannot even be read has no room for it.
  if ('problem' in request) request.problem = problem.code;
  if (status >= 500) log.error({ err: cause, requestId: request.id, method: request.method, path: pathOf(request) }, 'request failed');
  const body: Problem = {
    type: `urn:headrace:problem:${problem.code}`,
    title,
    status,
    detail: problem.message,
    code: problem.code,
    instance: `${pathOf(request)}#${request.id}`,
    ...(problem.fields.length > 0 ? { errors: [...problem.fields] } : {}),
  };
  if (status === 401) reply.header('www-authenticate', 'Bearer');
  if (status === 503) reply.header('retry-after', '2');
  return reply.code(status).type('application/problem+json').serializer(JSON.stringify).send(body);
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? request.url;
}
