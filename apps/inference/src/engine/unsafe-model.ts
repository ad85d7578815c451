/** The model would reach outside itself, or is larger than it may be. */
export class UnsafeModel extends Error {
  override readonly name = 'UnsafeModel';
}
