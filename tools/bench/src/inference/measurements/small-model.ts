import { Program } from '../../processes/program.ts';
import { resultOf, type Result } from '../../report/result.ts';
import { inTurn, ratios, type Side } from '../../statistics/in-turn.ts';
import { small } from '../benchmark-models.ts';
import { contenders, type Bench, type Measurement } from '../bench.ts';
import { echoSide, peakSide, programSide, type Peak } from '../saturation.ts';

const PEAK: Peak = { model: small, rows: 1, connections: 4, streams: 32 };
const IN_FLIGHT = PEAK.connections * PEAK.streams;
const LEAST_OF_ECHO = 0.8;
const LEAST_OF_UNARY = 1.5;

/** What the service adds to gRPC itself, and what sharing a stream gives back. */
export const smallModel: Measurement = {
  id: 'small',
  title: `${small.title}, one row per request, ${IN_FLIGHT} in flight`,
  async measure(bench, progress) {
    const { plan, children } = bench;
    const echo = Program.start(children, new URL('../programs/echo-server.ts', import.meta.url));
    const caller = Program.start(children, new URL('../programs/coalesced-load.ts', import.meta.url));
    try {
      const sides = await sidesOf(bench, `127.0.0.1:${await echo.ask<number>(null)}`, caller);
      const figures = await inTurn(sides, plan.rounds, (done) => progress.update(done / plan.rounds));
      return resultsOf(figures);
    } finally {
      await Promise.all([echo.stop(), caller.stop()]);
    }
  },
};

async function sidesOf(bench: Bench, echoAddress: string, caller: Program): Promise<Side[]> {
  const { children, plan, service } = bench;
  const [, peer] = await contenders(bench, small);
  return [
    await echoSide(children, echoAddress, service.server, PEAK, plan),
    await peakSide(children, service.server, PEAK, plan),
    await programSide(caller, service.server, { model: small, rows: 1, inFlight: IN_FLIGHT }, plan),
    ...(peer === undefined ? [] : [await peakSide(children, peer.server, PEAK, plan)]),
  ];
}

function resultsOf([echo = [], unary = [], stream = [], peer]: readonly number[][]): Result[] {
  const unit = 'req/s';
  const results = [
    resultOf({ id: 'small-echo', unit, runs: echo, note: 'bare grpc-js server, same bytes' }),
    resultOf({ id: 'small-unary', unit, runs: unary }),
    resultOf({
      id: 'small-unary-over-echo',
      unit: '×',
      runs: ratios(unary, echo),
      bar: LEAST_OF_ECHO,
    }),
    resultOf({ id: 'small-stream', unit, runs: stream, note: 'coalesced stream, one client process' }),
    resultOf({
      id: 'small-stream-over-unary',
      unit: '×',
      runs: ratios(stream, unary),
      bar: LEAST_OF_UNARY,
    }),
  ];
  if (peer === undefined) return results;
  return [
    ...results,
    resultOf({ id: 'peer-small-unary', unit, runs: peer }),
    resultOf({ id: 'small-unary-over-peer', unit: '×', runs: ratios(unary, peer) }),
  ];
}
