import type { DispositionName } from '@headrace/sdk';
import { filesTarget } from '../../packages/connectors/src/files/files-target.ts';
import { mongodbTarget } from '../../packages/connectors/src/mongodb/mongodb-target.ts';
import { mysqlTarget } from '../../packages/connectors/src/mysql/mysql-target.ts';
import { postgresTarget } from '../../packages/connectors/src/postgres/postgres-target.ts';
import { lakeTarget } from '../../packages/dataplane/src/lake/lake-target.ts';
import type { TargetName } from './cells.ts';

/** What the target's connector itself says it can do. */
export function declaredBy(target: TargetName): readonly DispositionName[] {
  if (target === 'postgres') return postgresTarget.dispositions;
  if (target === 'mysql') return mysqlTarget.dispositions;
  if (target === 'mongodb') return mongodbTarget.dispositions;
  return target === 'lake local' || target === 'lake s3' ? lakeTarget.dispositions : filesTarget.dispositions;
}
