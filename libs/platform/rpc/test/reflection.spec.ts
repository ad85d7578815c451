import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { create } from '@bufbuild/protobuf';
import { afterEach, describe, expect, it } from '@jest/globals';
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@plumbline/contract-grpc';
import { createClient } from '../src/index.ts';
import { closeAll, serve } from './serve.ts';

afterEach(closeAll);

type Question = ServerReflectionRequest['messageRequest'];

async function ask(...questions: Question[]): Promise<ServerReflectionResponse['messageResponse'][]> {
  const { channel } = await serve({});
  const requests = async function* () {
    for (const messageRequest of questions) yield { host: 'h', messageRequest };
  };
  const answers = [];
  for await (const response of createClient(ServerReflection, channel).serverReflectionInfo(requests())) {
    answers.push(response.messageResponse);
  }
  return answers;
}

describe('grpc.reflection.v1', () => {
  it('lists the services, its own and the built-in ones included', async () => {
    const [answer] = await ask({ case: 'listServices', value: '' });
    expect(answer).toMatchObject({
      case: 'listServicesResponse',
      value: {
        service: [
          { name: 'grpc.health.v1.Health' },
          { name: 'grpc.reflection.v1.ServerReflection' },
          { name: 'grpc.testing.TestService' },
          { name: 'plumbline.common.v1.CoalescedService' },
        ],
      },
    });
  });

  it.each<Question>([
    { case: 'fileContainingSymbol', value: 'grpc.testing.TestService' },
    { case: 'fileContainingSymbol', value: 'grpc.testing.TestService.UnaryCall' },
    { case: 'fileByFilename', value: 'grpc/testing/test.proto' },
  ])('sends $case $value with all that it imports, enough to rebuild the service', async (question) => {
    const [answer] = await ask(question);
    if (answer?.case !== 'fileDescriptorResponse') throw new Error(`answered ${String(answer?.case)}`);
    const file = answer.value.fileDescriptorProto.map((bytes) =>
      fromBinary(FileDescriptorProtoSchema, bytes),
    );
    const registry = createFileRegistry(create(FileDescriptorSetSchema, { file: file.reverse() }));
    expect(registry.getService('grpc.testing.TestService')?.methods.map(({ name }) => name)).toContain(
      'UnaryCall',
    );
  });

  it('finds messages, fields and enum values', async () => {
    const symbols = ['grpc.testing.Payload', 'grpc.testing.Payload.body', 'grpc.testing.COMPRESSABLE'];
    const answers = await ask(...symbols.map((value): Question => ({ case: 'fileContainingSymbol', value })));
    expect(answers.map((answer) => answer.case)).toEqual(symbols.map(() => 'fileDescriptorResponse'));
  });

  it('answers what it does not know with an error, and goes on', async () => {
    const answers = await ask(
      { case: 'fileContainingSymbol', value: 'nobody.Knows' },
      { case: 'fileByFilename', value: 'nobody/knows.proto' },
      { case: 'allExtensionNumbersOfType', value: 'grpc.testing.Payload' },
      { case: undefined },
    );
    expect(answers.map((answer) => answer.case)).toEqual(Array(4).fill('errorResponse'));
    expect(answers.map((answer) => answer.case === 'errorResponse' && answer.value.errorCode)).toEqual([
      5, 5, 5, 3,
    ]);
  });
});
