import { HELP, parseOptions, UsageError } from './options.ts';
import { runSuite } from './run-suite.ts';
import { StartError } from './target/start-service.ts';
import { Unreachable } from './target/target.ts';
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
    if (error instanceof UsageError) console.error(`${error.message}\n\n${HELP}`);
    else if (isExplained(error)) console.error(error.message);
    else throw error;
    return 1;
  }
}

/** Errors whose message is for the person at the terminal: our service does not start, a foreign one does not answer. */
function isExplained(error: unknown): error is Error {
  return error instanceof StartError || error instanceof Unreachable;
}
