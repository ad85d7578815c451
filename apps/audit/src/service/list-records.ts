import type { AuditService, ListRecordsRequest } from '@plumbline/contract-audit';
import { requireTenant, type CallContext, type Handler } from '@plumbline/rpc';
import { errors } from '../domain/errors.ts';
import { RECORD_KINDS } from '../domain/record.ts';
import { type ListCursor, type RecordFilter, type Records } from '../domain/records.ts';
import { kindsWanted } from '../codec/commitment.ts';
import { recordMessage } from './messages.ts';

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;
const DIGEST = /^sha256:[0-9a-f]{64}$/u;
const TOKEN = /^([0-9]{1,19})-([0-9]{1,19})$/u;

export function listRecords(
  recordsFor: (call: CallContext) => Records,
): Handler<(typeof AuditService.method)['listRecords']> {
  return async (request, context) => {
    const cursor = cursorOf(request.pageToken);
    const page = await recordsFor(context).list(requireTenant(context), filterOf(request), {
      ...(cursor ? { cursor } : {}),
      size: pageSizeOf(request.pageSize),
      payloads: request.includePayload,
    });
    return {
      records: page.records.map(recordMessage),
      nextPageToken: page.next ? `${String(page.next.leafIndex)}-${String(page.next.committedAtUs)}` : '',
    };
  };
}

function filterOf({ kind, modelDigest, fromUs, untilUs }: ListRecordsRequest): RecordFilter {
  if (modelDigest !== '' && !DIGEST.test(modelDigest))
    throw errors.INVALID_QUERY('model_digest is no SHA-256');
  return {
    kinds: kindsWanted(kind, RECORD_KINDS),
    ...(modelDigest === '' ? {} : { modelDigest: Buffer.from(modelDigest.slice('sha256:'.length), 'hex') }),
    ...(fromUs === undefined ? {} : { fromUs }),
    ...(untilUs === undefined ? {} : { untilUs }),
  };
}

function pageSizeOf(pageSize: number): number {
  if (pageSize < 0 || pageSize > MAX_PAGE) throw errors.INVALID_QUERY(`page_size is at most ${MAX_PAGE}`);
  return pageSize === 0 ? DEFAULT_PAGE : pageSize;
}

function cursorOf(token: string): ListCursor | undefined {
  if (token === '') return undefined;
  const [, leafIndex, committedAtUs] = TOKEN.exec(token) ?? [];
  if (leafIndex === undefined || committedAtUs === undefined) {
    throw errors.INVALID_QUERY('page_token is none that ListRecords gave');
  }
  return { leafIndex: BigInt(leafIndex), committedAtUs: BigInt(committedAtUs) };
}
