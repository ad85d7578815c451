// The entry of the yardstick: a bare grpc-js server that answers ModelInfer with the request's own bytes.
import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import { answerQuestions } from '../../processes/answer-questions.ts';
import { INFER_METHOD } from '../infer-requests.ts';

const identity = (bytes: Buffer): Buffer => bytes;

const echo: handleUnaryCall<Buffer, Buffer> = ({ request }, answer) => answer(null, request);

const server = new Server();
server.addService(
  {
    echo: {
      path: `/${INFER_METHOD}`,
      requestStream: false,
      responseStream: false,
      requestSerialize: identity,
      requestDeserialize: identity,
      responseSerialize: identity,
      responseDeserialize: identity,
    },
  },
  { echo },
);

const listening = new Promise<number>((resolve, reject) => {
  server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, port) => {
    if (error === null) resolve(port);
    else reject(error);
  });
});

/** Every question is answered with the port. */
answerQuestions(() => listening);
