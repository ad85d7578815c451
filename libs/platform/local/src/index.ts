export { errors as localErrors } from './errors.ts';
export { provisionDatabase, type Provisioned } from './provision-database.ts';
export { freePort } from './ports.ts';
export { type Exit } from './child.ts';
export { claim, reclaim, releaseClaim } from './claims.ts';
export { startPostgres, type LocalPostgres, type PostgresOptions } from './postgres.ts';
export { checkNats } from './nats-greeting.ts';
export { findNatsServer, startNats, type LocalNats, type NatsOptions, type NatsServer } from './nats.ts';
