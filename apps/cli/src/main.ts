#!/usr/bin/env node
/** The one binary. What its exit codes mean: exit-codes.ts. */
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
});
