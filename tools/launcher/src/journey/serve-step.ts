import type { Signature } from '@plumbline/signature';
import { parseSignature } from '@plumbline/signature';
import type { ObjectStore } from '@plumbline/objects';
import type { TenantClients } from './clients.ts';
import { day } from './flights.ts';
import { FlightReplay } from './flight-replay.ts';
import { putRetrainingRule } from './improve-step.ts';
import { March, MARCH } from './march.ts';
import { PredictionLog } from './prediction-log.ts';
import { Step } from './report.ts';
import { MODEL, type Setting } from './setting.ts';

export interface Served {
  readonly march: March;
  readonly replay: FlightReplay;
  readonly log: PredictionLog;
  /** Begun here, ended when all of March has been replayed. */
  readonly step: Step;
}

/** Step 4, up to 21 March: flights depart, are predicted, and their outcomes and labels come when they are known. */
export async function serveStep(
  setting: Setting,
  objects: ObjectStore,
  versionDigest: string,
): Promise<Served> {
  const { screen, clients, caller } = setting;
  screen.say(
    '\n4  Replay March in slices of five minutes: outcomes as they become known, predictions at departure',
  );
  await putRetrainingRule(setting);
  const step = new Step('serve', screen);
  const march = await March.read();
  const log = new PredictionLog();
  const signature = await signatureOf(clients, objects, versionDigest);
  const replay = new FlightReplay({ clients, caller, flights: march.flights, log, signature });
  const progress = screen.progress('replay 1–20 March');
  await replay.run(march.until(day(3, 21)), progress, MARCH);
  progress.done(`${log.count} predictions, ${replay.outcomes} outcomes`);
  return { march, replay, log, step };
}

export async function signatureOf(
  clients: TenantClients,
  objects: ObjectStore,
  digest: string,
): Promise<Signature> {
  const { version } = await clients.registry.getVersion({
    model: MODEL,
    which: { case: 'digest', value: digest },
  });
  const file = version?.files.find(({ path }) => path === 'signature.json');
  if (file === undefined) throw new Error(`version ${digest} has no signature.json`);
  return parseSignature((await objects.get(file.digest)).toString());
}
