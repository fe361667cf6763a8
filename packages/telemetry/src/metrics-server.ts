/** `/metrics`, `/health` and `/ready` of a process that has no API. */
import { createServer, type ServerResponse } from 'node:http';
import type { MetricsRegistry } from './metrics.ts';

export interface Health {
  /** The process's own loop turns; false asks for a restart. Says nothing of servers that it needs: a restart brings none of them back. */
  readonly live: boolean;
  /** It can take on work now. */
  readonly ready: boolean;
  /** For people. */
  readonly details?: Readonly<Record<string, unknown>>;
}

export interface MetricsServerOptions {
  /** 0: a free port. */
  readonly port: number;
  readonly host: string;
  readonly registry: MetricsRegistry;
  readonly health: () => Health | Promise<Health>;
}

export interface MetricsServer {
  /** The bound port. */
  readonly port: number;
  close(): Promise<void>;
}

/** Serves `GET /metrics`, `/health` (also `/health/live`; 503 unless live) and `/ready` (also `/health/ready`; 503 unless ready). Rejects when the port is taken. */
export async function startMetricsServer({ port, host, registry, health }: MetricsServerOptions): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request.method ?? '', (request.url ?? '/').split('?')[0] as string, response).catch((error: unknown) => {
      send(response, 500, 'text/plain', error instanceof Error ? error.message : String(error));
    });
  });

  async function answer(method: string, path: string, response: ServerResponse): Promise<void> {
    if (method !== 'GET' && method !== 'HEAD') return send(response, 405, 'text/plain', 'Only GET is answered here');
    switch (path) {
      case '/metrics':
        return send(response, 200, registry.contentType, await registry.metrics());
      case '/health':
      case '/health/live':
      case '/ready':
      case '/health/ready': {
        const state = await health();
        const good = state.live && (state.ready || !path.endsWith('/ready'));
        return send(response, good ? 200 : 503, 'application/json', JSON.stringify(state));
      }
      default:
        return send(response, 404, 'text/plain', 'There are /metrics, /health and /ready');
    }
  }

  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The metrics server has no port');
  return {
    port: address.port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  if (response.headersSent) return void response.end();
  response.writeHead(status, { 'content-type': type }).end(body);
}
