import { availableParallelism, loadavg } from 'node:os';
import { Screen } from '@plumbline/tool-launcher/screen';
import { BenchError } from './bench-error.ts';
import { HELP } from './help.ts';
import { benchmarkModels, gpuModels } from './inference/benchmark-models.ts';
import { measureInference } from './inference/measure-inference.ts';
import { measurements } from './inference/measurements/index.ts';
import { writeRepository } from './inference/model-repository.ts';
import { parseOptions, type Options } from './options.ts';
import { busyMachine } from './report/busy-machine.ts';
import { reportOf, writeReport } from './report/report.ts';
import { isUnmeasured } from './report/result.ts';
import { tableOf } from './report/table.ts';

const INTERRUPTED = 130;

// Children end with this process, see processes/children.ts.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(INTERRUPTED));
}
process.exitCode = await main(process.argv.slice(2), new Screen());

async function main(args: readonly string[], screen: Screen): Promise<number> {
  try {
    const options = parseOptions(args, {
      measurements: measurements.map(({ id }) => id),
      models: [...benchmarkModels, ...gpuModels].map(({ name }) => name),
    });
    if (options === undefined) {
      screen.say(HELP);
      return 0;
    }
    return await bench(options, screen);
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    screen.say(`\n${error.message}`);
    return 1;
  }
}

async function bench(options: Options, screen: Screen): Promise<number> {
  if (options.writeModels !== undefined) {
    writeRepository(options.writeModels, benchmarkModels);
    writeRepository(options.writeModels, gpuModels, options.devices?.[0]);
    screen.say(`Wrote ${benchmarkModels.length + gpuModels.length} models to ${options.writeModels}.`);
    return 0;
  }
  const warning = busyMachine(loadavg()[0] ?? 0, availableParallelism());
  if (warning !== undefined) screen.say(`${warning}\n`);
  const results = await measureInference(options, screen);
  const path = `out/bench/${options.area}${options.quick ? '-quick' : ''}.json`;
  writeReport(path, reportOf(options.area, results));
  screen.say();
  for (const line of tableOf(results)) screen.say(line);
  const missed = results.filter(({ pass }) => !pass);
  screen.say(
    `\n${verdict(
      missed.map(({ id }) => id),
      options.quick,
    )} Details: ${path}`,
  );
  return missed.some((result) => !options.quick || isUnmeasured(result)) ? 1 : 0;
}

function verdict(missed: readonly string[], quick: boolean): string {
  if (quick) return 'A quick run: its figures are not comparable, and no bar decides.';
  return missed.length === 0 ? 'Every bar is met.' : `Missed: ${missed.join(', ')}.`;
}
