export { errors as objectErrors } from './errors.ts';
export { digestOf, parseDigest } from './digest.ts';
export { fileObjects } from './file-objects.ts';
export { type Content, type Digest, type ObjectStore, type StoredObject } from './object-store.ts';
