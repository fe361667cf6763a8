/** What executes extract, load, transform, export and ready-made sensors in a task process: the data plane with all connectors. */
import { createExecutors } from '@headrace/dataplane';
import type { OperationExecutors } from '@headrace/sdk';
import { look } from './conditions/look.ts';
import { filesSource } from './files/files-source.ts';
import { filesTarget } from './files/files-target.ts';
import { httpTarget } from './http/http-target.ts';
import { mongodbSource } from './mongodb/mongodb-source.ts';
import { mongodbTarget } from './mongodb/mongodb-target.ts';
import { mysqlSource } from './mysql/mysql-source.ts';
import { mysqlTarget } from './mysql/mysql-target.ts';
import { postgresSource } from './postgres/postgres-source.ts';
import { postgresTarget } from './postgres/postgres-target.ts';
import { restSource } from './rest/rest-source.ts';
import { openRoot } from './roots/open-root.ts';

export const executors: OperationExecutors = {
  ...createExecutors({
    sources: { mongodb: mongodbSource, postgres: postgresSource, mysql: mysqlSource, files: filesSource, rest: restSource },
    targets: { mongodb: mongodbTarget, postgres: postgresTarget, mysql: mysqlTarget, files: filesTarget, http: httpTarget },
    openRoot,
  }),
  look,
};
