import type { MessageInitShape } from '@bufbuild/protobuf';
import type { InferParameter, InferParameterSchema } from '@plumbline/contract-oip';
import { longRun, slowRequest } from '../oip/time.ts';
import type { Checks } from '../suite/check.ts';
import { expect, expectStatus } from '../suite/expect.ts';
import { begun, infer } from '../target/infer.ts';
import type { Target } from '../target/target.ts';

const extension = 'schedule_policy';
const RUN_MS = 100;

type Parameter = MessageInitShape<typeof InferParameterSchema>;
type Choice = InferParameter['parameterChoice'];

const parameter = (choice: Choice): Parameter => ({ parameterChoice: choice });
const priority = (value: bigint) => parameter({ case: 'uint64Param', value });
const timeoutUs = (value: bigint) => parameter({ case: 'int64Param', value });

/** The names of the calls in the order they ended. */
async function endings(calls: Readonly<Record<string, Promise<unknown>>>): Promise<string[]> {
  const ended: string[] = [];
  await Promise.all(Object.entries(calls).map(([name, call]) => call.then(() => ended.push(name))));
  return ended;
}

/** Requests that keep `prioritized` busy; what is sent after them over the same connection waits behind them. */
export function keepBusy(target: Target, turns: number): Promise<unknown> {
  return begun(
    Promise.all(Array.from({ length: 4 }, () => infer(target, slowRequest('prioritized', turns)))),
  );
}

/** Parameters of a request that may wait for 10 ms. */
export const IMPATIENT = { parameters: { timeout: timeoutUs(10_000n) } };

export const schedulingChecks: Checks = {
  priority: {
    title: 'a request of priority 1 overtakes those of priority 2 that wait',
    models: ['prioritized'],
    extension,
    run: async (target) => {
      const { turns } = await longRun(target, 'prioritized', RUN_MS);
      const busy = keepBusy(target, turns);
      const ask = (level: bigint) => ({ parameters: { priority: priority(level) } });
      const calls: Record<string, Promise<unknown>> = {};
      for (let index = 0; index < 5; index++) {
        calls[`later${index}`] = infer(target, slowRequest('prioritized', turns, ask(2n)));
      }
      calls['urgent'] = infer(target, slowRequest('prioritized', turns, ask(1n)));
      const order = await endings(calls);
      await busy;
      expect(order.indexOf('urgent') <= 2, `they ended in the order ${order.join(', ')}`);
    },
  },
  timeout: {
    title: 'a request whose `timeout` passes while it waits is UNAVAILABLE',
    models: ['prioritized'],
    extension,
    run: async (target) => {
      const { turns } = await longRun(target, 'prioritized', RUN_MS);
      const busy = keepBusy(target, turns);
      await expectStatus(infer(target, slowRequest('prioritized', 1, IMPATIENT)), 'UNAVAILABLE');
      await busy;
    },
  },
  'timeout-unused': {
    title: 'a `timeout` that does not pass does no harm',
    models: ['prioritized'],
    extension,
    run: async (target) => {
      const parameters = { timeout: timeoutUs(30_000_000n) };
      await infer(target, slowRequest('prioritized', 1, { parameters }));
    },
  },
  'parameter-type': {
    title: 'a `timeout` that is a text is INVALID_ARGUMENT',
    models: ['prioritized'],
    extension,
    run: async (target) => {
      const parameters = { timeout: parameter({ case: 'stringParam', value: 'soon' }) };
      await expectStatus(infer(target, slowRequest('prioritized', 1, { parameters })), 'INVALID_ARGUMENT');
    },
  },
};
