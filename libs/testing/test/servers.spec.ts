import { describe, expect, it } from '@jest/globals';
import { connectEvents } from '@plumbline/events';
import { openDatabase } from '@plumbline/sql';
import { eventually, silentLog, testDatabase, testEvents } from '../src/index.ts';

describe('testDatabase', () => {
  it('gives each suite a database of its own and drops it in the end', async () => {
    const first = await testDatabase('feature-store');
    const second = await testDatabase('feature-store');
    const open = ({ url, schema }: typeof first) => openDatabase({ url, schema, log: silentLog });
    const one = open(first);
    const other = open(second);
    await one.query('CREATE TABLE mine (id int)');
    expect(await other.query(`SELECT 1 FROM pg_tables WHERE tablename = 'mine'`)).toEqual([]);
    await one.close();
    await first.close();
    const gone = open(first);
    await expect(gone.query('SELECT 1')).rejects.toThrow();
    await gone.close();
    await other.close();
    await second.close();
  });
});

describe('testEvents', () => {
  it('gives each suite a stream that sees nothing of the others', async () => {
    const connect = async () => connectEvents({ url: await testEvents(), service: 'test', log: silentLog });
    const [one, other] = [await connect(), await connect()];
    await eventually(() => one.publish('plumbline.test.x', 'id', Buffer.from('x')));
    const { lastSequence } = await eventually(() => other.streamState());
    expect(lastSequence).toBe(0n);
    await one.close();
    await other.close();
  });
});
