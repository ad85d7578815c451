export { errors as sqlErrors } from './errors.ts';
export {
  boundedBy,
  openDatabase,
  type Database,
  type DatabaseOptions,
  type Queryable,
  type QueryOptions,
  type Transaction,
  type TransactionOptions,
} from './database.ts';
export { within, type BoundedCall, type Bounds } from './bounded.ts';
export { migrate } from './migrate.ts';
export { timestamp } from './timestamp.ts';
export { isRetryable, isUniqueViolation, sqlState, translateError } from './translate-error.ts';
