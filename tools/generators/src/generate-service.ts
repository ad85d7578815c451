import { join } from 'node:path';
import { formatFiles, generateFiles, type Tree } from '@nx/devkit';
import { registerContract } from './register-contract.ts';
import { serviceNames } from './service-names.ts';

const TEMPLATES = join(import.meta.dirname, '../files');
const CONTRACTS = 'tools/checks/src/contracts.ts';

/**
 * `nx g @plumbline/tool-generators:service <name> --port=<port>`: app, contract library, proto and Containerfile of a
 * new service. Afterwards `npm install` links it and `npm run generate` generates its contract.
 */
export default async function generateService(
  tree: Tree,
  options: { readonly name: string; readonly port: number },
): Promise<void> {
  const names = serviceNames(options.name, options.port);
  if (tree.exists(`apps/${names.name}/src/main.ts`)) throw new Error(`apps/${names.name} exists already`);
  const folders = {
    service: `apps/${names.name}`,
    contract: `libs/contracts/${names.contract}`,
    proto: `proto/plumbline/${names.contract}/v1`,
    image: 'deploy/images',
  };
  for (const [template, target] of Object.entries(folders)) {
    generateFiles(tree, join(TEMPLATES, template), target, { ...names });
  }
  tree.write(CONTRACTS, registerContract(tree.read(CONTRACTS, 'utf8') ?? '', names.contract));
  await formatFiles(tree);
}
