import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromJsonString } from '@bufbuild/protobuf';
import { DefinitionsSchema, type IngestFileResponse } from '@plumbline/contract-features';
import { CORRUPTED_ROWS, REDELIVERED_ROWS, writeCorruptedFlights } from './corrupted-flights.ts';
import { FLIGHTS_FILE } from './flights.ts';
import { Step, type StepReport } from './report.ts';
import { SOURCE, type Setting } from './setting.ts';

const DEFINITIONS_FILE = new URL('../../flights/definitions.json', import.meta.url);
const JANUARY_FEBRUARY_FLIGHTS = 966_409;
const BEFORE_MARCH = `date < timestamp('2001-03-01T00:00:00Z')`;

/** Step 1: declare the features, load January and February, and see spoilt rows refused one by one. */
export async function ingestStep(setting: Setting): Promise<StepReport> {
  const { screen, clients } = setting;
  const step = new Step('define and ingest', screen);
  screen.say('\n1  Define features and ingest January and February');
  await applyDefinitions(setting);

  const loaded = await ingestFile(setting, FLIGHTS_FILE, 'January–February', JANUARY_FEBRUARY_FLIGHTS);
  step.figure('rowsAccepted', loaded.rowsAccepted);
  step.check(
    'every flight of January and February is in, none is lost',
    Number(loaded.rowsAccepted) === JANUARY_FEBRUARY_FLIGHTS && loaded.rowsQuarantined === 0n,
    `${loaded.rowsAccepted} accepted of ${loaded.rowsRead}`,
  );

  const corrupted = join(setting.inboxDirectory, 'corrupted-flights.parquet');
  await writeCorruptedFlights(corrupted);
  const refused = await ingestFile(setting, corrupted, 'a spoilt file', CORRUPTED_ROWS + REDELIVERED_ROWS);
  const { rows, total } = await clients.features.listQuarantine({ source: SOURCE, pageSize: 100 });
  const reasons = Object.fromEntries(
    Object.entries(Object.groupBy(rows, (row) => row.reason)).map(([r, of]) => [r, of?.length]),
  );
  step.figure('quarantined', reasons);
  step.check(
    'spoilt rows wait in quarantine with their reasons, redelivered ones among them change nothing',
    Number(refused.rowsQuarantined) === CORRUPTED_ROWS &&
      Number(total) === CORRUPTED_ROWS &&
      refused.rowsAccepted + refused.rowsQuarantined === refused.rowsRead &&
      Number(refused.rowsAlreadyLoaded) === REDELIVERED_ROWS &&
      rows.every((row) => row.reason !== '' && row.raw.length > 0),
    `${refused.rowsQuarantined} of ${refused.rowsRead} refused, ${refused.rowsAlreadyLoaded} known: ${JSON.stringify(reasons)}`,
  );
  return step.report();
}

export async function applyDefinitions({ clients }: Pick<Setting, 'clients'>): Promise<void> {
  const { revision } = await clients.features.getDefinitions({});
  const definitions = fromJsonString(DefinitionsSchema, readFileSync(DEFINITIONS_FILE, 'utf8'));
  await clients.features.applyDefinitions({ definitions, expectedRevision: revision });
}

/** Loads a file of flights, showing progress; answers the last report. */
export async function ingestFile(
  { clients, screen }: Pick<Setting, 'clients' | 'screen'>,
  path: string,
  label: string,
  expectedRows: number,
  where = BEFORE_MARCH,
): Promise<IngestFileResponse> {
  const progress = screen.progress(`ingest ${label}`);
  let last: IngestFileResponse | undefined;
  const reports = clients.features.ingestFile(
    {
      source: SOURCE,
      path,
      where: path === FLIGHTS_FILE ? where : '',
      rowNumberColumn: path === FLIGHTS_FILE ? 'flight_id' : '',
    },
    { timeoutMs: 300_000 },
  );
  for await (const report of reports) {
    last = report;
    progress.update(
      Number(report.rowsRead) / (Number(report.rowsTotal) || expectedRows),
      `${report.rowsRead} rows`,
    );
  }
  if (last?.done !== true) throw new Error(`ingesting ${label} ended before it was done`);
  progress.done(`${last.rowsAccepted} rows in, ${last.rowsQuarantined} in quarantine`);
  return last;
}
