import { describe, expect, it } from '@jest/globals';
import { pendingMigrations } from './migrate.ts';
import { parseMigration } from './migration-files.ts';

const first = parseMigration('0001-base.sql', 'CREATE TABLE a (id int);');
const second = parseMigration('0002-more.sql', 'CREATE TABLE b (id int);');
const third = parseMigration('0003-last.sql', 'CREATE TABLE c (id int);');

describe('parseMigration', () => {
  it('expands includes and takes them into the checksum', () => {
    const included = parseMigration('0001-base.sql', '-- include: outbox\n');
    expect(included.sql).toContain('CREATE TABLE outbox');
    expect(included.checksum).not.toBe(parseMigration('0001-base.sql', '-- include: inbox\n').checksum);
  });

  it.each([
    ['0001_base.sql', ''],
    ['1-base.sql', ''],
    ['0001-base.sql', '-- include: nothing'],
  ])('refuses %s with content "%s"', (file, text) => {
    expect(() => parseMigration(file, text)).toThrow(
      expect.objectContaining({ reason: 'MIGRATION_INVALID' }),
    );
  });
});

describe('pendingMigrations', () => {
  it('yields what has not been applied', () => {
    expect(pendingMigrations([first], [first, second, third])).toEqual([second, third]);
  });

  it('accepts a schema that is ahead of this code', () => {
    expect(pendingMigrations([first, second, third], [first, second])).toEqual([]);
  });

  it.each([
    ['a gone migration', [first, second], [second]],
    ['a migration added below an applied one', [second], [first, second]],
    ['a changed one', [{ ...first, checksum: 'other' }], [first]],
  ])('refuses %s', (_name, applied, files) => {
    expect(() => pendingMigrations(applied, files)).toThrow(
      expect.objectContaining({ reason: 'MIGRATION_CHANGED' }),
    );
  });
});
