/**
 * Bounds of one message of the coalesced stream. A reader refuses more than `MAX_READ_…`, and with the message the
 * whole stream and every call on it; so writers close a message far below that, in both directions.
 */

/** More in one message would hold up the event loop for what should be one turn's work. */
export const MAX_READ_ITEMS = 4_096;
export const MAX_READ_BYTES = 4 * 1024 * 1024;
export const MAX_WRITTEN_ITEMS = MAX_READ_ITEMS / 2;

/** Of one item. Calls with more travel by themselves; answers with more become errors. */
export const MAX_METADATA_ENTRIES = 64;
