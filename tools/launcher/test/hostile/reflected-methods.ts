import {
  create,
  createFileRegistry,
  fromBinary,
  toBinary,
  type DescMethod,
  type FileRegistry,
} from '@bufbuild/protobuf';
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
  type ServerReflectionRequest,
  type ServerReflectionResponse,
} from '@plumbline/contract-grpc';
import type { PlainClient } from './plain-grpc.ts';

/** `package.Service/Method` */
export const pathOf = (method: DescMethod): string => `${method.parent.typeName}/${method.name}`;

/** Every method that a server tells of itself, by reflection, as a stranger would find them. */
export async function reflectedMethods(client: PlainClient): Promise<DescMethod[]> {
  const listed = await ask(client, { case: 'listServices', value: '' });
  if (listed.case !== 'listServicesResponse') throw new Error('the server lists no services');
  const methods: DescMethod[] = [];
  for (const { name } of listed.value.service) {
    const registry = await filesOf(client, name);
    methods.push(...(registry.getService(name)?.methods ?? []));
  }
  return methods;
}

async function filesOf(client: PlainClient, symbol: string): Promise<FileRegistry> {
  const answer = await ask(client, { case: 'fileContainingSymbol', value: symbol });
  if (answer.case !== 'fileDescriptorResponse') throw new Error(`the server has no ${symbol}`);
  const file = answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes));
  // Reflection sends a file before those that it imports; a registry wants them first.
  return createFileRegistry(create(FileDescriptorSetSchema, { file: inOrder(file) }));
}

function inOrder<F extends { readonly name: string; readonly dependency: readonly string[] }>(
  files: readonly F[],
): F[] {
  const byName = new Map(files.map((file) => [file.name, file]));
  const ordered = new Set<F>();
  const visit = (file: F | undefined): void => {
    if (file === undefined || ordered.has(file)) return;
    for (const name of file.dependency) visit(byName.get(name));
    ordered.add(file);
  };
  files.forEach(visit);
  return [...ordered];
}

async function ask(
  client: PlainClient,
  messageRequest: ServerReflectionRequest['messageRequest'],
): Promise<ServerReflectionResponse['messageResponse']> {
  const request = create(ServerReflectionRequestSchema, { messageRequest });
  const { code, responses } = await client.call('grpc.reflection.v1.ServerReflection/ServerReflectionInfo', [
    toBinary(ServerReflectionRequestSchema, request),
  ]);
  const [response] = responses;
  if (response === undefined) throw new Error(`reflection ended with ${code}`);
  return fromBinary(ServerReflectionResponseSchema, response).messageResponse;
}
