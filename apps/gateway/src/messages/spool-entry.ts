import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { AppendRequestSchema, CommitmentSchema, type AppendRequest } from '@plumbline/contract-audit';
import { formatUuid } from '@plumbline/uuid';

/** A record as it waits in the spool: what audit takes, and on whose behalf. */
export interface SpoolEntry {
  readonly tenant: string;
  /** `kind:id`, as it travels in metadata. */
  readonly caller: string;
  readonly request: AppendRequest;
}

/** Lengths of the two texts that precede a spooled request: tenant and caller. */
const HEADER_BYTES = 4;

export function encodeSpoolEntry({ tenant, caller, request }: SpoolEntry): Buffer {
  const texts = [Buffer.from(tenant), Buffer.from(caller)];
  const header = Buffer.alloc(HEADER_BYTES);
  texts.forEach((text, index) => header.writeUInt16LE(text.length, 2 * index));
  return Buffer.concat([header, ...texts, toBinary(AppendRequestSchema, request)]);
}

/** The inverse of encodeSpoolEntry; throws on bytes that no gateway wrote. */
export function decodeSpoolEntry(entry: Uint8Array): SpoolEntry {
  const bytes = Buffer.from(entry.buffer, entry.byteOffset, entry.byteLength);
  const tenantEnd = HEADER_BYTES + bytes.readUInt16LE(0);
  const callerEnd = tenantEnd + bytes.readUInt16LE(2);
  return {
    tenant: bytes.toString('utf8', HEADER_BYTES, tenantEnd),
    caller: bytes.toString('utf8', tenantEnd, callerEnd),
    request: fromBinary(AppendRequestSchema, bytes.subarray(callerEnd)),
  };
}

/** The id under which audit would have kept the record, in UUID text form. */
export function eventIdOf({ request }: SpoolEntry): string {
  return formatUuid(fromBinary(CommitmentSchema, request.commitment).eventId);
}
