import { errors } from './errors.ts';
import { requireVersion } from './refuse.ts';
import { headOf } from './release.ts';
import type { DescribedVersion, ModelVersion } from './version.ts';
import type { Tables } from './tables.ts';

export type VersionName =
  | { readonly by: 'digest'; readonly digest: string }
  | { readonly by: 'alias'; readonly alias: string }
  | { readonly by: 'number'; readonly number: number };

type Touched = 'versions' | 'evidence' | 'releases';

/** @throws ServiceError VERSION_NOT_FOUND */
export async function findVersion(
  tables: Pick<Tables, Touched>,
  model: string,
  name: VersionName,
): Promise<DescribedVersion> {
  return describeVersion(tables, await lookUp(tables, model, name));
}

export async function describeVersion(
  tables: Pick<Tables, 'evidence' | 'releases'>,
  version: ModelVersion,
): Promise<DescribedVersion> {
  const { model, digest } = version;
  const ledgers = await tables.releases.ledgers(model);
  const evidence = await tables.evidence.about(model, digest);
  const aliases = [...ledgers].filter(([, ledger]) => headOf(ledger) === digest).map(([alias]) => alias);
  return { ...version, evidence, aliases: aliases.sort() };
}

async function lookUp(
  tables: Pick<Tables, 'versions' | 'releases'>,
  model: string,
  name: VersionName,
): Promise<ModelVersion> {
  if (name.by === 'digest') return requireVersion(tables, model, name.digest);
  if (name.by === 'number') {
    const version = await tables.versions.byNumber(model, name.number);
    if (version) return version;
    throw notFound(model, `no version number ${name.number}`);
  }
  const head = headOf(await tables.releases.ledger(model, name.alias));
  if (head === undefined) throw notFound(model, `no version at alias ${name.alias}`);
  return requireVersion(tables, model, head);
}

const notFound = (model: string, what: string) =>
  errors.VERSION_NOT_FOUND(`model "${model}" has ${what}`, { metadata: { model } });
