/** Which proto folders make up each contract library: `libs/contracts/<name>`, package `@plumbline/contract-<name>`. */
export interface ContractPackage {
  readonly name: string;
  /** Folders below `proto/`, as import paths write them. */
  readonly folders: readonly string[];
}

const plumbline = (name: string): ContractPackage => ({ name, folders: [`plumbline/${name}/v1`] });

export const contractPackages: readonly ContractPackage[] = [
  plumbline('common'),
  plumbline('events'),
  plumbline('gateway'),
  plumbline('features'),
  plumbline('registry'),
  plumbline('inference'),
  plumbline('monitor'),
  plumbline('audit'),
  plumbline('trainer'),
  { name: 'oip', folders: ['inference'] },
  { name: 'grpc', folders: ['grpc/health', 'grpc/reflection', 'google/rpc'] },
  { name: 'grpc-testing', folders: ['grpc/testing'] },
  { name: 'onnx', folders: ['onnx'] },
];

/**
 * Plugin options that turn an import of another contract's file into an import of its package. Imports within
 * `own` stay relative.
 */
export function rewriteOptions(own: ContractPackage): string[] {
  return contractPackages
    .filter((other) => other !== own)
    .flatMap(({ name, folders }) =>
      folders.map((folder) => `rewrite_imports=./${folder}/**/*_pb.js:@plumbline/contract-${name}`),
    );
}
