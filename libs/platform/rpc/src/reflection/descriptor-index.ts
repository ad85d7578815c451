import type { AnyDesc, DescFile, DescMessage, DescService } from '@bufbuild/protobuf';

/** What reflection can be asked about: the files of the served services and all that they import. */
export interface DescriptorIndex {
  readonly services: readonly string[];
  /** By name as protos import it, e.g. `plumbline/audit/v1/audit.proto`. */
  readonly files: ReadonlyMap<string, DescFile>;
  /** Fully qualified names of services, methods, messages, fields, enums and their values → their file. */
  readonly symbols: ReadonlyMap<string, DescFile>;
}

export function indexDescriptors(services: readonly DescService[]): DescriptorIndex {
  const files = new Map<string, DescFile>();
  for (const service of services) addFile(service.file, files);
  const symbols = new Map<string, DescFile>();
  for (const file of files.values()) for (const name of symbolsOf(file)) symbols.set(name, file);
  return { services: [...new Set(services.map(({ typeName }) => typeName))].sort(), files, symbols };
}

/** A file and what it imports, each once, the asked one first. */
export function withDependencies(file: DescFile): DescFile[] {
  const files = new Map<string, DescFile>();
  addFile(file, files);
  return [...files.values()];
}

function addFile(file: DescFile, files: Map<string, DescFile>): void {
  if (files.has(file.proto.name)) return;
  files.set(file.proto.name, file);
  for (const dependency of file.dependencies) addFile(dependency, files);
}

function* symbolsOf(file: DescFile): Generator<string> {
  for (const service of file.services) {
    yield service.typeName;
    for (const method of service.methods) yield `${service.typeName}.${method.name}`;
  }
  for (const message of file.messages) yield* symbolsOfMessage(message);
  for (const enumeration of file.enums) yield* symbolsOfEnum(enumeration);
  for (const extension of file.extensions) yield extension.typeName;
}

function* symbolsOfMessage(message: DescMessage): Generator<string> {
  yield message.typeName;
  for (const field of message.fields) yield `${message.typeName}.${field.name}`;
  for (const nested of message.nestedMessages) yield* symbolsOfMessage(nested);
  for (const enumeration of message.nestedEnums) yield* symbolsOfEnum(enumeration);
}

/** Enum values are named as siblings of their enum. */
function* symbolsOfEnum(enumeration: AnyDesc & { kind: 'enum' }): Generator<string> {
  yield enumeration.typeName;
  const scope = enumeration.typeName.slice(0, enumeration.typeName.lastIndexOf('.') + 1);
  for (const value of enumeration.values) yield `${scope}${value.name}`;
}
