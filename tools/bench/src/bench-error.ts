/** Something that keeps a figure from being measured, in words for the person at the terminal. */
export class BenchError extends Error {
  override readonly name = 'BenchError';
}
