import { BenchError } from '../bench-error.ts';
import type { Children } from '../processes/children.ts';
import type { ClosedLoopReport, Failures } from '../processes/closed-loop.ts';
import { h2load } from '../processes/h2load.ts';
import type { Program } from '../processes/program.ts';
import { calibrated, counted, type Load } from '../statistics/calibrated.ts';
import type { Side } from '../statistics/in-turn.ts';
import type { BenchmarkModel } from './benchmark-models.ts';
import { INFER_METHOD, inferRequests } from './infer-requests.ts';
import type { OipServer } from './oip-server.ts';
import type { Plan } from './plan.ts';
import type { LoadQuestion } from './programs/load-questions.ts';

/** Requests in flight: `connections` times `streams`. */
export interface Peak {
  readonly model: BenchmarkModel;
  readonly rows: number;
  readonly connections: number;
  readonly streams: number;
}

/** h2load against a server, every answer checked against the server's own count. A figure is requests a second. */
export function peakSide(children: Children, server: OipServer, peak: Peak, plan: Plan): Promise<Side> {
  const message = inferRequests(server.shapeOf(peak.model, peak.rows), 1)[0] as Buffer;
  const load = { ...peak, address: server.address, method: INFER_METHOD, message };
  return warmed(server, peak.model, peak.connections * peak.streams, plan, async (requests) => {
    const { perSecond, succeeded } = await h2load(children, { ...load, requests });
    if (succeeded !== requests)
      throw new BenchError(`${requests - succeeded} of ${requests} requests failed`);
    return perSecond;
  });
}

/** h2load against a server that cannot fail, with the request that `like` would get. */
export function echoSide(
  children: Children,
  address: string,
  like: OipServer,
  peak: Peak,
  plan: Plan,
): Promise<Side> {
  const message = inferRequests(like.shapeOf(peak.model, peak.rows), 1)[0] as Buffer;
  const load = { ...peak, address, method: INFER_METHOD, message };
  const perSecond: Load = async (requests) => (await h2load(children, { ...load, requests })).perSecond;
  return calibrated(perSecond, { ...plan, inFlight: peak.connections * peak.streams });
}

/** A load program of ours against a server, in closed loop. A figure is requests a second. */
export function programSide(
  program: Program,
  server: OipServer,
  load: { readonly model: BenchmarkModel; readonly rows: number; readonly inFlight: number },
  plan: Plan,
): Promise<Side> {
  const target = { address: server.address, shape: server.shapeOf(load.model, load.rows) };
  return warmed(server, load.model, load.inFlight, plan, async (requests) => {
    const question: LoadQuestion = { kind: 'closed', inFlight: load.inFlight, requests, ...target };
    const report = await program.ask<ClosedLoopReport>(question);
    requireAnswers(report.failures);
    return report.ok / report.seconds;
  });
}

/** @throws BenchError where a call failed */
export function requireAnswers(failures: Failures): void {
  const kinds = Object.entries(failures).map(([status, count]) => `${count} with gRPC status ${status}`);
  if (kinds.length > 0) throw new BenchError(`calls failed: ${kinds.join(', ')}`);
}

async function warmed(
  server: OipServer,
  model: BenchmarkModel,
  inFlight: number,
  plan: Plan,
  load: Load,
): Promise<Side> {
  await server.infer(model); // a failure says why here, and is only counted below
  const checked = counted(
    load,
    () => server.answered(model),
    (seen, requests) => new BenchError(`${server.address} counts ${seen} answers to ${requests} requests`),
  );
  return calibrated(checked, { ...plan, inFlight });
}
