import { defineErrors } from '@plumbline/errors';

export const errors = defineErrors('objects', {
  OBJECT_NOT_FOUND: { code: 'NOT_FOUND', help: 'No object with this digest is stored.' },
  OBJECT_CORRUPT: {
    code: 'DATA_LOSS',
    help: 'The stored bytes no longer match their digest. Restore the object from a backup or put it again.',
  },
  OBJECT_DIGEST_INVALID: {
    code: 'INVALID_ARGUMENT',
    help: 'A digest is written "sha256:" and 64 lower-case hexadecimal digits.',
  },
  OBJECT_STORE_FULL: { code: 'RESOURCE_EXHAUSTED', help: 'The object store has no space left.' },
  OBJECT_STORE_UNAVAILABLE: {
    code: 'UNAVAILABLE',
    help: 'The object store cannot be read or written. Check its directory and permissions, then try again.',
  },
});
