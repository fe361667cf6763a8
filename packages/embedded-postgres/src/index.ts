export { EmbeddedPostgresMissingError, embeddedBinaries, reachableBy } from './binaries.ts';
export { type EmbeddedCluster, EmbeddedPostgresError, startEmbeddedPostgres } from './cluster.ts';
export { type FoundCluster, findEmbeddedPostgres } from './running-cluster.ts';
export { type SystemUser, unprivilegedUser } from './system-user.ts';
