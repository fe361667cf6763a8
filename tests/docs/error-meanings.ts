/** What codes of errors mean whose message is made elsewhere, or of which there are too many to list. A test requires each to exist. */
export const MEANINGS: Readonly<Record<string, string>> = {
  HR_ANSWER_INVALID: "A form's default, or what a person answered, does not fit the schema of the form: correct the answer, or the schema.",
  HR_API_ANSWER: 'An HTTP API answered with something that is no problem of Headrace: look whether the URL is that of a Headrace API.',
  HR_BAD_INPUT: 'What is wired to a task, group, branch or transform cannot be: the message names it and says what to write.',
  HR_BAD_OPTION: 'An option has a value that it cannot have. The message names the option, the value and what is possible.',
  HR_BAD_WAIT: 'A wait was asked for in a way that has no meaning: the message says in which, for example with a duration that is none.',
  HR_BACKFILL_REFUSED:
    'The range, or the DAG, allows no such backfill; `detail` says why: no schedule, no interval in the range, or too many runs.',
  HR_BAD_REQUEST: 'The request is no HTTP that can be understood, or its body is no JSON: `detail` says where.',
  HR_BODY_TOO_LARGE: 'Send less at once: bulk requests can be split.',
  HR_CHECK_FAILED:
    'Checks of data failed. The message names them with counts and samples, and says whether rows were published: see docs/data-quality.md.',
  HR_CONNECTION_UNUSABLE: 'The connection is there, but the system behind it refuses or cannot be reached: `detail` says what it answered.',
  HR_CSV_DIALECT: 'Options of a CSV file contradict each other, such as a delimiter that is also the quote: the message names them.',
  HR_CURSOR_UNRESOLVED:
    'What an incremental read is to read cannot be told, and the message says why: see docs/incremental.md on intervals and cursors.',
  HR_DAG_IMPORT: 'The DAG file threw while it was loaded: the message is that of the file, with its line.',
  HR_DAG_SYNTAX: 'The DAG file, or one that it imports, is no TypeScript: the message names file, line and column.',
  HR_DAG_UNRESOLVED_IMPORT: 'An import of the DAG file leads nowhere: correct the path, or `npm install` the package.',
  HR_DUPLICATE_GROUP: 'The DAG has a task or a group of this id already: give one of them another.',
  HR_DUPLICATE_TASK: 'The DAG has a task or a group of this id already: give one of them another.',
  HR_EMBEDDED_POSTGRES_FAILED: 'The PostgreSQL of `headrace standalone` did not start; the end of its output is in the message.',
  HR_FAILED: 'A command did what was asked for, and what it did has failed: its output says what. The exit code is 1.',
  HR_HEADERS_TOO_LARGE: 'Shorten the address: long filters can be sent in the body of the operations whose path ends with `/list`.',
  HR_HOST_KEY_UNCHECKED:
    'A warning: an SFTP connection names no host key, so anybody on the way could read it. Add `hostKey` as the message shows.',
  HR_INVALID_DAG:
    'The graph of the DAG cannot be: a cycle, a task that is missing, a rule that nothing can meet. The message names the tasks.',
  HR_MALFORMED_JSON: 'A JSON file cannot be read on from a line: the message has the file, the line and what is wrong there.',
  HR_MEDIA_TYPE: 'Send `Content-Type: application/json`.',
  HR_NOTICE_REFUSED: 'The receiver of a notice answered, and refused it. It is tried again unless the answer says that this is no use.',
  HR_NOT_FOUND: 'What a command names does not exist: the message lists what is near.',
  HR_PARAMS_CHECK: 'The schema of the params could not be asked: the message has the error that the DAG file threw.',
  HR_QUEUE_UNAVAILABLE:
    'The queue (Redis, or PostgreSQL) cannot be reached. Nothing is lost: what was queued is sent again when it is back.',
  HR_REFUSED: 'The command was understood, and what it asks for is not allowed as things are: the message says why.',
  HR_STANDALONE_PREPARATION: 'A `_standalone.ts` beside the DAG files failed; the message has its error.',
  HR_STOPPED: 'The attempt was stopped: cancelled, cleared or timed out with its run. The message says which.',
  HR_TIMETABLE: 'A timetable of a DAG file gave no answer: the message has the error that it threw.',
  HR_TYPE_MISMATCH: 'A value does not fit the type of its column. The message has the row, the column, the value and the type.',
  HR_UNAUTHENTICATED:
    'Send a token (`Authorization: Bearer …`), an API key, or log in: the one that was sent is unknown, expired or revoked.',
  HR_UNSTABLE_DAG:
    'The DAG file gave two different graphs when it was loaded twice: do not use the time, chance or the environment while it is loaded.',
  HR_UNSUPPORTED: 'Airflow has this, and Headrace has not: `detail` says why and what there is instead.',
  HR_USAGE: 'The command line is wrong in a way that only the command can see: the message says how it is to be.',
  HR_VALUE_UNWRITABLE: 'A value cannot be written in the format of the file, for example an infinite number in JSON: the message has it.',
  HR_API_UNREACHABLE:
    'No Headrace API answers at the address that the message names: look whether it runs there, and at `--url`, the profile and `HEADRACE_URL`.',
  HR_AUDIT_BROKEN:
    'The chain of the audit log does not hold: entries were changed or removed outside of Headrace. The message says where it breaks.',
  HR_BAD_METADATA: 'What `emit` was given for an event does not fit the metadata of the asset; the message names the field.',
  HR_CDC_SLOT_LOST:
    "The replication slot is gone or was invalidated, so changes since the last load are missing. Reset the task's cursor: it begins anew with all rows.",
  HR_COLUMN_NOT_FOUND: 'The rows, or the table, have no such column; the message lists those that are there and names what is near.',
  HR_FILE_KIND: 'Files of this kind cannot be read, or not be written; the message lists the kinds that can.',
  HR_FILTER_INVALID: 'The filter of a MongoDB collection cannot be read; the message says why.',
  HR_HTTP_REDIRECT: 'The server redirects to where what is sent must not go, or too often: write the address that it leads to.',
  HR_HTTP_STATUS:
    'The server answers with a status that is no success; the message has it with the beginning of the answer. Where the status may pass, as from 500 on, the task is tried again.',
  HR_HTTP_TIMEOUT: 'The answer was not read in time. The task is tried again; ask for less at once, or raise `timeout`.',
  HR_HTTP_UNREACHABLE: 'The server cannot be reached, or fell silent in the middle of an answer. The task is tried again.',
  HR_INVALID_CRON: 'The expression is no cron; the message says at which character and what can stand there.',
  HR_LOADER_CLOSED: 'A file was to be loaded while the process shuts down: nothing to do.',
  HR_MONGODB_REFUSED: 'The MongoDB server refuses the command; the message has what it says and its code.',
  HR_NOTICE_NO_PLACE: 'A function for notices waits until a task process is free: it is tried again by itself.',
  HR_NOT_IN_SIMULATION: 'A DAG, run or task that a test names is not in the simulation; the message names it.',
  HR_NOT_PARALLEL:
    'The table cannot be read over several connections at once; the message says why. Read it without `parallel`, or name another column.',
  HR_NO_SUCH_ROW: 'Something in the database was named that never existed, or was deleted meanwhile, as by retention.',
  HR_OBJECT_NOT_FOUND:
    'A log, a package or a large result is not in the store of objects: it was removed by retention, or `HEADRACE_OBJECTS` leads elsewhere.',
  HR_OBJECT_STORE: 'The store of objects refused or did not answer; the message has what was tried and what it said.',
  HR_PARTITION_UNKNOWN: 'The table is partitioned by other columns than the load says; the message names them.',
  HR_PROGRAM_FAILED:
    'The program of a transform ended with an error, or was killed; the message has its exit code and the end of what it wrote to standard error.',
  HR_PROGRAM_NOT_FOUND: 'The program of a transform is not on this worker: install it, or correct `command` or `cwd`.',
  HR_QUEUE_NAME: 'The name cannot be that of a queue; the message says which characters can be.',
  HR_RECORD_TOO_LARGE:
    'One record of a file or an answer is larger than one may be: look whether `record` or `records` names the right place.',
  HR_REST_PAGE: 'The place for the next page holds something else than an address, a cursor or a number: correct `paginate`.',
  HR_ROW_FAILED:
    "The function of a transform threw for a row; the message has its number and the error. `onError: 'quarantine'` keeps such rows aside.",
  HR_SHEET_NOT_FOUND: 'The workbook has no such sheet; the message lists those that are there.',
  HR_SIMULATION: 'Something in the simulated system failed, or code of the test threw: `cause` is the first error.',
  HR_SKIP_TASK: 'No failure: the task says that it has nothing to do, and ends as `skipped`.',
  HR_STORAGE_FAILED: 'The file server could not do what was asked; the message has what it said. The task is tried again.',
  HR_STORAGE_UNSUPPORTED: 'The file server has no such operation; the message names it.',
  HR_UNKNOWN_TABLE: '`headrace db export` knows no such table; the message lists those that it knows.',
  HR_WAITED_FOR_FAILED: 'What the task waited for has ended in a state named in `failOn`: mend that, then clear both.',
};
