import { suiteModels } from './models/suite-models.ts';
import { writeRepository } from './models/write-repository.ts';

/** Writes the suite's models and says how a foreign server takes them up. */
export function writeModels(folder: string): void {
  const models = suiteModels();
  writeRepository(folder, models);
  console.log(
    `${models.length} models in ${folder}. For example:\n` +
      `  tritonserver --model-repository=${folder} --model-control-mode=explicit --load-model='*' \\\n` +
      '    --cache-config=local,size=67108864\n' +
      '  npm run conformance -- inference --address localhost:8001 --http localhost:8000',
  );
}
