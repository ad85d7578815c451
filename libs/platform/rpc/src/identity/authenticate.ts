import type { Identity } from '../context/caller.ts';
import type { ReadonlyMetadata } from '../context/metadata.ts';

/** Finds out who calls, from the call's metadata. Throws a ServiceError, usually UNAUTHENTICATED, to refuse. */
export type Authenticate = (metadata: ReadonlyMetadata) => Promise<Identity> | Identity;
