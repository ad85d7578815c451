// Builds a service for an image: node tools/node.mjs tools/build/src/main.ts apps/<name>
import { join } from 'node:path';
import { buildService } from './build-service.ts';

const [, , project] = process.argv;
if (project === undefined || !/^apps\/[a-z0-9-]+\/?$/.test(project)) {
  console.error('Usage: node tools/node.mjs tools/build/src/main.ts apps/<name>');
  process.exit(2);
}
const workspace = join(import.meta.dirname, '../../..');
try {
  const { directory, entries, packages } = await buildService(workspace, project.replace(/\/$/, ''));
  console.log(`${directory}: ${entries.join(', ')}; needs ${packages.join(', ') || 'no packages'}`);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
