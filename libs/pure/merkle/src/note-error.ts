/** Why a note, checkpoint or key is refused. */
export type NoteFailure = 'MALFORMED' | 'BAD_KEY' | 'UNKNOWN_SIGNER' | 'BAD_SIGNATURE' | 'OTHER_ORIGIN';

/** A signed note that cannot be trusted, or a key that cannot be read. */
export class NoteError extends Error {
  readonly failure: NoteFailure;

  constructor(failure: NoteFailure, message: string) {
    super(message);
    this.name = 'NoteError';
    this.failure = failure;
  }
}
