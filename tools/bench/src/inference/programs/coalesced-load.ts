// The entry of the internal caller: many requests at once over the one coalesced stream of a channel.
import { ServiceError } from '@plumbline/errors';
import { createChannel, rawUnary, type Channel } from '@plumbline/rpc';
import { answerQuestions } from '../../processes/answer-questions.ts';
import { closedLoop } from '../../processes/closed-loop.ts';
import { INFER_METHOD, inferRequests } from '../infer-requests.ts';
import { DIFFERENT_REQUESTS, type LoadQuestion, type LoadTarget } from './load-questions.ts';

answerQuestions<Extract<LoadQuestion, { kind: 'closed' }>>(async (question) => {
  const channel = createChannel(question.address, { coalesce: true });
  try {
    return await closedLoop(callOf(channel, question), question, () => performance.now());
  } finally {
    channel.close();
  }
});

function callOf(channel: Channel, { shape }: LoadTarget): () => Promise<number> {
  const requests = inferRequests(shape, DIFFERENT_REQUESTS);
  let next = 0;
  return async () => {
    try {
      await rawUnary(channel, INFER_METHOD, requests[next++ % requests.length] as Buffer);
      return 0;
    } catch (error) {
      if (error instanceof ServiceError) return error.code;
      throw error;
    }
  };
}
