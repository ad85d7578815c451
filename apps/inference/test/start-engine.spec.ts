import { describe, expect, it } from '@jest/globals';
import { createLog } from '@plumbline/service';
import { config } from '../src/config.ts';
import { startEngine } from '../src/start-engine.ts';

/** A GPU that no machine of ours has, with or without its libraries. */
const ABSENT = 'cuda:63';

describe('the start of the engine', () => {
  it('logs of a provider that is unavailable all that its libraries said', async () => {
    const lines: string[] = [];
    const log = createLog({ service: 'inference', destination: { write: (line) => void lines.push(line) } });
    const values = config.parse({ EXECUTION_PROVIDERS: `${ABSENT},cpu`, SERVICE_SECRET: 'x'.repeat(64) });
    (await startEngine(values, log)).close();
    const warning = lines.find((line) => line.includes('asked for and is unavailable')) ?? '{}';
    const { error } = JSON.parse(warning) as { error: { message: string; cause?: { message: string } } };
    // Where the provider's libraries are at hand the driver refuses, else one of them is named that is not there.
    expect(`${error.message}; ${error.cause?.message}`).toMatch(/\/lib\w+\.so(\.\d+)*: .*\w|CUDA\w* \w+ \d+/);
  });
});
