import { toBinary, type DescFile, type DescService, type MessageInitShape } from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt';
import {
  ServerReflection,
  type ServerReflectionRequest,
  type ServerReflectionResponseSchema,
} from '@plumbline/contract-grpc';
import { Code } from '@plumbline/errors';
import { implement, type Implementation } from '../server/implementation.ts';
import { indexDescriptors, withDependencies, type DescriptorIndex } from './descriptor-index.ts';

type Response = MessageInitShape<typeof ServerReflectionResponseSchema>;
type Answer = NonNullable<Response['messageResponse']>;

/** grpc.reflection.v1 over the given services, so that grpcurl and its like work without proto files. */
export function reflectionService(services: readonly DescService[]): Implementation {
  const index = indexDescriptors([...services, ServerReflection]);
  return implement(ServerReflection, {
    serverReflectionInfo: async function* (requests) {
      for await (const request of requests) {
        yield { validHost: request.host, originalRequest: request, messageResponse: answer(index, request) };
      }
    },
  });
}

function answer(index: DescriptorIndex, { messageRequest }: ServerReflectionRequest): Answer {
  switch (messageRequest.case) {
    case 'listServices':
      return { case: 'listServicesResponse', value: { service: index.services.map((name) => ({ name })) } };
    case 'fileByFilename':
      return fileAnswer(index.files.get(messageRequest.value), `file "${messageRequest.value}"`);
    case 'fileContainingSymbol':
      return fileAnswer(index.symbols.get(messageRequest.value), `symbol "${messageRequest.value}"`);
    case 'fileContainingExtension':
    case 'allExtensionNumbersOfType':
      return failure(Code.NOT_FOUND, 'the server has no extensions');
    case undefined:
      return failure(Code.INVALID_ARGUMENT, 'the request asks for nothing');
  }
}

function fileAnswer(file: DescFile | undefined, what: string): Answer {
  if (file === undefined) return failure(Code.NOT_FOUND, `the server has no ${what}`);
  const fileDescriptorProto = withDependencies(file).map(({ proto }) =>
    toBinary(FileDescriptorProtoSchema, proto),
  );
  return { case: 'fileDescriptorResponse', value: { fileDescriptorProto } };
}

function failure(errorCode: number, errorMessage: string): Answer {
  return { case: 'errorResponse', value: { errorCode, errorMessage } };
}
