export { type TaskTrace, type TaskTraceContext, taskTrace } from './task-trace.ts';
