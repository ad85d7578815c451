import { MAX_WRITTEN_ITEMS } from './frame-limits.ts';
import { lengthDelimitedSize } from './frame-writer.ts';

/** An item and its serialised size in bytes: payload, status, metadata and all. */
export interface Sized<T> {
  readonly item: T;
  readonly sizeBytes: number;
}

/**
 * The first of `waiting` that go into one message: at most MAX_WRITTEN_ITEMS, and no more than `maxBytes` unless the
 * first alone exceeds it.
 */
export function firstFrame<T>(waiting: Iterable<Sized<T>>, maxBytes: number): Sized<T>[] {
  const frame: Sized<T>[] = [];
  let bytes = 0;
  for (const sized of waiting) {
    bytes += lengthDelimitedSize(sized.sizeBytes);
    if (frame.length > 0 && bytes > maxBytes) break;
    frame.push(sized);
    if (frame.length === MAX_WRITTEN_ITEMS) break;
  }
  return frame;
}
