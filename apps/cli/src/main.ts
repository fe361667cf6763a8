#!/usr/bin/env node
/** The one binary. Exit codes: 0 done; 1 it failed; 2 the arguments or settings are wrong. */
import { runProgram } from './program.ts';

process.exitCode = await runProgram(process.argv.slice(2), {
  env: process.env,
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
});
