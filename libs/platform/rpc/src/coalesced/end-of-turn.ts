/** Resolves after all I/O callbacks of this turn of the event loop: what they produce goes out together. */
export function endOfTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
