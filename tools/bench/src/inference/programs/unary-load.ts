// The entry of the load process: unary calls in closed or open loop, every answer's grpc-status read.
import { answerQuestions } from '../../processes/answer-questions.ts';
import { closedLoop, type Call } from '../../processes/closed-loop.ts';
import { grpcFrame } from '../../processes/h2load.ts';
import { openLoop } from '../../processes/open-loop.ts';
import { poissonArrivals } from '../../statistics/poisson-arrivals.ts';
import { seededRandom } from '../../statistics/random.ts';
import { inferRequests } from '../infer-requests.ts';
import { Http2Calls } from './http2-calls.ts';
import { DIFFERENT_REQUESTS, type LoadQuestion, type LoadTarget } from './load-questions.ts';
import { Pauses } from './pauses.ts';

const CONNECTIONS = 4;
const nowMs = (): number => performance.now();

let stopped = false;
let seed = 0;

answerQuestions<LoadQuestion>(async (question) => {
  if (question.kind === 'stop') return void (stopped = true);
  const calls = await Http2Calls.connect(question.address, CONNECTIONS);
  try {
    const call = callOf(calls, question);
    return await (question.kind === 'closed' ? closedLoop(call, question, nowMs) : open(call, question));
  } finally {
    calls.close();
  }
});

async function open(call: Call, { perSecond, seconds }: Extract<LoadQuestion, { kind: 'open' }>) {
  const pauses = new Pauses();
  stopped = false;
  try {
    return await openLoop({
      call,
      arrivals: poissonArrivals(perSecond, seededRandom((seed += 1))),
      endsAfterMs: 1_000 * (seconds ?? Infinity),
      stopped: () => stopped,
      nowMs,
      pause: (ms) => pauses.pause(ms),
    });
  } finally {
    await pauses.close();
  }
}

function callOf(calls: Http2Calls, { shape }: LoadTarget): Call {
  const frames = inferRequests(shape, DIFFERENT_REQUESTS).map(grpcFrame);
  let next = 0;
  return () => calls.call(frames[next++ % frames.length] as Buffer);
}
