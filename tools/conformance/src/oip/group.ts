import type { CheckGroup } from '../suite/check.ts';
import { datatypeChecks } from './datatypes.ts';
import { encodingChecks } from './encoding.ts';
import { healthChecks } from './health.ts';
import { loadChecks } from './load.ts';
import { metadataChecks } from './metadata.ts';
import { refusalChecks } from './refusals.ts';
import { requestChecks } from './requests.ts';
import { timeChecks } from './time.ts';
import { versionChecks } from './versions.ts';

/** The Open Inference Protocol itself. */
export const oip: CheckGroup = {
  name: 'oip',
  topics: {
    health: healthChecks,
    metadata: metadataChecks,
    requests: requestChecks,
    versions: versionChecks,
    datatypes: datatypeChecks,
    refusals: refusalChecks,
    encoding: encodingChecks,
    time: timeChecks,
    load: loadChecks,
  },
};
