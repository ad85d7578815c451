import { format } from 'node:util';
import { setLogger } from '@grpc/grpc-js';

/** What grpc-js prints where it cannot listen, besides failing with the same words and the reason. */
const BIND_FAILED = 'No address added out of total';

/** Keeps the lines of grpc-js as they are, but for what its caller is told anyway. */
export function leaveBindFailuresToCaller(): void {
  const printer =
    (severity: string) =>
    (...line: unknown[]) => {
      const text = format(...line);
      if (!text.startsWith(BIND_FAILED)) process.stderr.write(`${severity} ${text}\n`);
    };
  setLogger({ error: printer('E'), info: printer('I'), debug: printer('D') });
}
