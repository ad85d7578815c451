import type { MessageInitShape } from '@bufbuild/protobuf';
import type {
  IngestRowsRequest,
  IngestRowsResponseSchema,
  IngestStreamRequest,
  IngestStreamResponseSchema,
} from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Clock } from '@plumbline/service';
import type { Catalogues } from '../domain/catalogues.ts';
import type { BatchCommitter } from '../domain/batch-committer.ts';
import { valueFromMessage } from './value-messages.ts';

export interface IngestDependencies {
  readonly catalogues: Catalogues;
  readonly committer: BatchCommitter;
  readonly clock: Clock;
}

export async function handleIngestRows(
  { catalogues, committer, clock }: IngestDependencies,
  request: IngestRowsRequest | IngestStreamRequest,
  context: CallContext,
): Promise<MessageInitShape<typeof IngestRowsResponseSchema>> {
  const tenant = requireTenant(context);
  const batch = {
    batchId: request.batchId,
    columns: request.columns,
    rows: request.rows.map(({ values }) => values.map(valueFromMessage)),
  };
  const result = await catalogues.use(tenant, (catalogue) =>
    committer.ingest(tenant, catalogue.source(request.source), batch, Number(clock.nowUs()), context),
  );
  return {
    rowsAccepted: BigInt(result.accepted),
    rowsQuarantined: BigInt(result.quarantined),
    alreadyApplied: result.alreadyApplied,
  };
}

/** One commit after another: an answer means that its batch is durable. */
export async function* handleIngestStream(
  dependencies: IngestDependencies,
  requests: AsyncIterable<IngestStreamRequest>,
  context: CallContext,
): AsyncGenerator<MessageInitShape<typeof IngestStreamResponseSchema>> {
  for await (const request of requests) {
    const { rowsAccepted, rowsQuarantined, alreadyApplied } = await handleIngestRows(
      dependencies,
      request,
      context,
    );
    yield {
      batchId: request.batchId,
      rowsAccepted: rowsAccepted!,
      rowsQuarantined: rowsQuarantined!,
      alreadyApplied: alreadyApplied!,
    };
  }
}
