// The entry of the load process: unary calls in closed or open loop, every answer's grpc-status read.
import { UnaryConnection } from '../../http2/unary-connection.ts';
import { answerQuestions } from '../../processes/answer-questions.ts';
import { closedLoop, type Call } from '../../processes/closed-loop.ts';
import { grpcFrame } from '../../processes/h2load.ts';
import { openLoop } from '../../processes/open-loop.ts';
import { poissonArrivals } from '../../statistics/poisson-arrivals.ts';
import { seededRandom } from '../../statistics/random.ts';
import { INFER_METHOD, inferRequests } from '../infer-requests.ts';
import { DIFFERENT_REQUESTS, type LoadQuestion, type LoadTarget } from './load-questions.ts';
import { Pauses } from './pauses.ts';

const CONNECTIONS = 4;
const nowMs = (): number => performance.now();

let stopped = false;
let seed = 0;

answerQuestions<LoadQuestion>(async (question) => {
  if (question.kind === 'stop') return void (stopped = true);
  // Before anything is awaited: whoever asks may stop it while the connections are made.
  stopped = false;
  const connections = await connect(question.address);
  try {
    const call = callOf(connections, question);
    return await (question.kind === 'closed' ? closedLoop(call, question, nowMs) : open(call, question));
  } finally {
    for (const connection of connections) connection.close();
  }
});

async function open(call: Call, { perSecond, seconds }: Extract<LoadQuestion, { kind: 'open' }>) {
  const pauses = await Pauses.start();
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

function connect(address: string): Promise<UnaryConnection[]> {
  const path = `/${INFER_METHOD}`;
  return Promise.all(Array.from({ length: CONNECTIONS }, () => UnaryConnection.connect(address, path)));
}

/** Calls over the connections in turn, with one request after the other. */
function callOf(connections: readonly UnaryConnection[], { shape }: LoadTarget): Call {
  const frames = inferRequests(shape, DIFFERENT_REQUESTS).map(grpcFrame);
  let next = 0;
  return () => {
    next += 1;
    const connection = connections[next % connections.length] as UnaryConnection;
    return connection.call(frames[next % frames.length] as Buffer);
  };
}
