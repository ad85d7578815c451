import type { CheckGroup } from '../suite/check.ts';
import { absentChecks } from './absent.ts';
import { changeChecks } from './changes.ts';
import { classificationChecks } from './classification.ts';
import { metricsChecks } from './metrics.ts';
import { modelConfigChecks } from './model-config.ts';
import { overrideChecks } from './overrides.ts';
import { repositoryChecks } from './repository.ts';
import { schedulingChecks } from './scheduling.ts';
import { statisticsChecks } from './statistics.ts';
import { streamChecks } from './stream.ts';

/** What Triton has beyond the Open Inference Protocol. */
export const triton: CheckGroup = {
  name: 'triton',
  topics: {
    config: modelConfigChecks,
    statistics: statisticsChecks,
    metrics: metricsChecks,
    stream: streamChecks,
    classification: classificationChecks,
    scheduling: schedulingChecks,
    repository: repositoryChecks,
    overrides: overrideChecks,
    changes: changeChecks,
    absent: absentChecks,
  },
};
