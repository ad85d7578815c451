import type { MessageInitShape } from '@bufbuild/protobuf';
import type { IngestFileRequest, IngestFileResponseSchema } from '@plumbline/contract-features';
import { requireTenant, type CallContext } from '@plumbline/rpc';
import type { Catalogues } from '../domain/catalogues.ts';
import type { LoadProgress } from '../domain/ingest-file.ts';
import type { JobRunner } from '../jobs/job-runner.ts';

type Response = MessageInitShape<typeof IngestFileResponseSchema>;

export interface LoadDependencies {
  readonly catalogues: Catalogues;
  readonly jobs: JobRunner;
  readonly partitionRows: number;
}

export async function* handleIngestFile(
  { catalogues, jobs, partitionRows }: LoadDependencies,
  request: IngestFileRequest,
  context: CallContext,
): AsyncGenerator<Response> {
  const tenant = requireTenant(context);
  const { source, path, where, rowNumberColumn } = request;
  await catalogues.use(tenant, async (catalogue) => catalogue.source(source));
  const load = { tenant, path, where, rowNumberColumn, partitionRows };
  let last: LoadProgress | undefined;
  for await (const progress of jobs.run('ingest-file', { source, load }, context.signal)) {
    yield reportOf((last = progress));
  }
  if (last === undefined) throw new Error('a load ended without a report');
  yield {
    ...reportOf(last),
    done: true,
    fileDigest: last.fileDigest,
    rowsAlreadyLoaded: BigInt(last.rowsAlreadyLoaded),
  };
}

function reportOf(progress: LoadProgress): Response {
  return {
    rowsRead: BigInt(progress.rowsRead),
    rowsAccepted: BigInt(progress.rowsAccepted),
    rowsQuarantined: BigInt(progress.rowsQuarantined),
    rowsTotal: BigInt(progress.rowsTotal),
  };
}
