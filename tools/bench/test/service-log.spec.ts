import { spawn } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { BenchError } from '../src/bench-error.ts';
import { ServiceLog } from '../src/inference/service-log.ts';

function logOf(script: string): ServiceLog {
  return new ServiceLog(spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'pipe'] }));
}

const say = (line: object) => `console.log(${JSON.stringify(JSON.stringify(line))});`;

describe("a service's log", () => {
  it('tells the ports, whichever comes first', async () => {
    const log = logOf(
      say({ message: 'serving', port: 7 }) +
        say({ message: 'something', port: 9 }) +
        say({ message: 'admin port is open', port: 8 }),
    );
    expect(await log.ports).toEqual({ grpc: 7, admin: 8 });
  });

  it('says what a service said that ended before it served', async () => {
    const log = logOf('console.error("no such folder"); process.exit(3)');
    await expect(log.ports).rejects.toThrow(BenchError);
    expect(log.ended).toMatch(/ended with 3\..*\nno such folder/s);
  });

  it('keeps the last lines only', async () => {
    const log = logOf('for (let n = 1; n <= 100; n++) console.log("line", n)');
    await expect(log.ports).rejects.toThrow(/line 81\n/);
    expect(log.ended).not.toContain('line 80\n');
  });
});
