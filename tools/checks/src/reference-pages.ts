import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { ErrorEntry } from '@plumbline/errors';
import { format, resolveConfig } from 'prettier';

/**
 * docs/errors.md and docs/configuration.md, generated from the catalogues and configuration schemas in the code:
 * `npm run generate` writes them, `--check` fails where a page is not what the code says.
 */
interface Catalogue {
  readonly owner: string;
  readonly domain: string;
  readonly entries: Readonly<Record<string, ErrorEntry>>;
}

interface SettingLine {
  readonly variable: string;
  readonly kind: string;
  readonly unit: string | undefined;
  readonly bounds: string | undefined;
  readonly fallback: string | undefined;
  readonly secret: boolean;
  readonly help: string;
}

const root = resolve(import.meta.dirname, '../../..');
const pages = { 'docs/errors.md': await errorsPage(), 'docs/configuration.md': await configurationPage() };
const check = process.argv.includes('--check');
for (const [path, text] of Object.entries(pages)) {
  const file = resolve(root, path);
  const wanted = await format(text, { ...(await resolveConfig(file)), filepath: file });
  const current = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (current === wanted) continue;
  if (check) {
    console.error(`${path} is not what the code says. Run: npm run generate`);
    process.exitCode = 1;
  } else {
    writeFileSync(file, wanted);
    console.log(`wrote ${path}`);
  }
}

async function errorsPage(): Promise<string> {
  const files = globSync(['apps/*/src/domain/errors.ts', 'libs/**/src/errors.ts'], { cwd: root }).sort();
  const catalogues = (await Promise.all(files.map(cataloguesIn))).flat();
  return [
    '# Errors',
    '',
    'Every failure that leaves a service is a `google.rpc.Status` with `ErrorInfo` in `grpc-status-details-bin`: a canonical',
    'code, a `reason` that programs branch on, the `domain` that owns it, and a message for people. Generated from the',
    'catalogues in the code by `npm run generate`.',
    ...catalogues.flatMap(({ owner, domain, entries }) => [
      '',
      `## ${owner}`,
      '',
      `Domain \`${domain}\`.`,
      '',
      '| Reason | Code | When, and what to do |',
      '|---|---|---|',
      ...Object.entries(entries)
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([reason, { code, help }]) => `| \`${reason}\` | ${code} | ${cell(help)} |`),
    ]),
    '',
  ].join('\n');
}

async function cataloguesIn(file: string): Promise<Catalogue[]> {
  const exported = Object.values(await load(file)) as Partial<Catalogue>[];
  return exported.flatMap((value) =>
    value?.entries === undefined || value.domain === undefined
      ? []
      : [
          {
            owner: relative('.', dirname(file)).replace(/\/src(\/domain)?$/u, ''),
            domain: value.domain,
            entries: value.entries,
          },
        ],
  );
}

async function configurationPage(): Promise<string> {
  const files = globSync('apps/*/src/config.ts', { cwd: root }).sort();
  const services = await Promise.all(
    files.map(async (file) => {
      const { config } = (await load(file)) as { config: { service: string; describe(): SettingLine[] } };
      return { service: config.service, settings: config.describe() };
    }),
  );
  return [
    '# Configuration',
    '',
    'Services are configured by environment variables alone. All problems of a configuration are reported together and the',
    'process ends with status 78 before it listens. Durations are written `250ms`, `5s`, `2m`, `1h` or `7d`. Generated from',
    'the schemas in the code by `npm run generate`.',
    ...services.flatMap(({ service, settings }) => [
      '',
      `## ${service}`,
      '',
      '| Variable | Kind | Default | Bounds | Meaning |',
      '|---|---|---|---|---|',
      ...settings.map(
        ({ variable, kind, unit, bounds, fallback, secret, help }) =>
          `| \`${variable}\` | ${kind}${unit === undefined ? '' : `, ${unit}`}${secret ? ', not shown' : ''} | ${fallback === undefined ? 'required' : fallback === '' ? '' : `\`${fallback}\``} | ${cell(bounds ?? '')} | ${cell(help)} |`,
      ),
    ]),
    '',
  ].join('\n');
}

function load(file: string): Promise<Record<string, unknown>> {
  return import(pathToFileURL(resolve(root, file)).href) as Promise<Record<string, unknown>>;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}
