import { HELP, parseOptions, UsageError } from './options.ts';
import { runSuite } from './run-suite.ts';
import { writeModels } from './write-models.ts';

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options === undefined) {
      console.log(HELP);
      return 0;
    }
    if (options.writeModels !== undefined) {
      writeModels(options.writeModels);
      return 0;
    }
    return await runSuite(options);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`${error.message}\n\n${HELP}`);
    return 1;
  }
}
