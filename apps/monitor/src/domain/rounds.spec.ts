import { describe, expect, it } from '@jest/globals';
import { eventually, fakeClock, recordingLog } from '@plumbline/testing';
import { startRounds, type ModelKey, type RoundsOptions } from './rounds.ts';

const keys: ModelKey[] = [
  { tenant: 't', model: 'bad' },
  { tenant: 't', model: 'good' },
];

function optionsWith(overrides: Partial<RoundsOptions>): RoundsOptions {
  return {
    due: async () => [],
    judge: async () => false,
    announce: async () => false,
    clock: fakeClock(),
    log: recordingLog(),
    ...{ intervalMs: 60_000, patienceMs: 2_000 },
    ...overrides,
  };
}

describe('rounds', () => {
  it('judge a model until nothing is due, and go on past one that fails', async () => {
    const judged: string[] = [];
    const log = recordingLog();
    const rounds = startRounds(
      optionsWith({
        log,
        due: async () => (judged.length < 4 ? keys : []),
        judge: async ({ model }) => {
          judged.push(model);
          if (model === 'bad') throw new Error('out of order');
          return judged.filter((name) => name === 'good').length < 3;
        },
      }),
    );
    await eventually(() => judged.length === 4);
    await rounds.close();
    expect(judged).toEqual(['bad', 'good', 'good', 'good']);
    expect(log.lines).toMatchObject([{ level: 'warn', fields: { model: 'bad' } }]);
  });

  it('go round again when kicked, also by a kick during a round', async () => {
    let looks = 0;
    const rounds = startRounds(
      optionsWith({
        due: async () => {
          looks += 1;
          await Promise.resolve();
          if (looks === 1) rounds.kick();
          return [];
        },
      }),
    );
    await eventually(() => looks === 2);
    rounds.kick();
    await eventually(() => looks === 3);
    await rounds.close();
  });

  it('lose patience with a midnight that has been held back for long enough', async () => {
    const clock = fakeClock();
    const patience: boolean[] = [];
    const rounds = startRounds(
      optionsWith({
        clock,
        due: async () => [{ tenant: 't', model: 'm' }],
        announce: async (_key, patient) => {
          patience.push(patient);
          return patient;
        },
      }),
    );
    await eventually(() => patience.length === 1);
    clock.advanceMs(1_999);
    rounds.kick();
    await eventually(() => patience.length === 2);
    clock.advanceMs(1);
    rounds.kick();
    await eventually(() => patience.length === 3);
    await rounds.close();
    expect(patience).toEqual([true, true, false]);
  });
});
