import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { temporaryDirectory } from '@plumbline/testing';
import { startAudit, surroundings, type Surroundings } from './audit.fixture.ts';

let around: Surroundings;

beforeAll(async () => {
  around = await surroundings();
});
afterAll(async () => {
  await around?.database.close();
});

describe('an audit that has lost its key', () => {
  it('does not sign an existing log with another one', async () => {
    const first = await startAudit(around);
    await first.stop();
    const starting = startAudit({ ...around, keyDirectory: await temporaryDirectory() });
    await expect(starting).rejects.toMatchObject({ reason: 'LOG_KEY_CHANGED' });
    const again = await startAudit(around);
    await again.stop();
  });
});
