/**
 * The scheduler's side of the DAG processor: a process of its own that reads the DAG folder into the catalog.
 *
 * G1. Bundling a thousand files takes memory and time that the scheduling loop must not feel.
 * G2. It is started again when it ends, whatever the reason; what is in the catalog stays there meanwhile.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { ServiceConfiguration } from '@headrace/configuration';
import type { Labels, Log, Metrics } from '@headrace/ports';

const PROGRAM = fileURLToPath(new URL('dag-processor-main.ts', import.meta.url));
const RESTART_AFTER_MS = 1_000;
const STOP_WITHIN_MS = 5_000;

/** What the process tells: its metrics, which are served by the scheduler. */
export type ProcessorMessage =
  | { readonly kind: 'count'; readonly name: string; readonly labels?: Labels; readonly by?: number }
  | { readonly kind: 'gauge'; readonly name: string; readonly value: number; readonly labels?: Labels }
  | { readonly kind: 'observe'; readonly name: string; readonly seconds: number; readonly labels?: Labels };

export function startDagProcessor(
  configuration: ServiceConfiguration,
  { log, metrics }: { log: Log; metrics: Metrics },
): { stop(): Promise<void> } {
  let child: ChildProcess;
  let stopping = false;
  let restart: NodeJS.Timeout | undefined;

  function start(): void {
    child = fork(PROGRAM, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    child.send(configuration);
    child.on('message', (message: ProcessorMessage) => record(metrics, message));
    child.on('error', (error) => log.error({ error }, 'the DAG processor cannot be started or reached'));
    child.on('exit', (code, signal) => {
      if (stopping) return;
      if (code !== 0) {
        metrics.count('headrace_dag_processor_restarts_total');
        log.warn({ code, signal }, 'the DAG processor has ended and is started again');
      }
      restart = setTimeout(start, code === 0 ? 0 : RESTART_AFTER_MS);
    });
  }

  start();
  return {
    async stop() {
      stopping = true;
      clearTimeout(restart);
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
      if (child.connected) child.disconnect();
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS);
      await ended;
      clearTimeout(late);
    },
  };
}

function record(metrics: Metrics, message: ProcessorMessage): void {
  switch (message.kind) {
    case 'count':
      metrics.count(message.name, message.labels, message.by);
      break;
    case 'gauge':
      metrics.gauge(message.name, message.value, message.labels);
      break;
    case 'observe':
      metrics.observe(message.name, message.seconds, message.labels);
      break;
  }
}
