import pg from 'pg';
import { parseTimestamp } from './timestamp.ts';

type Parser = (text: string) => unknown;
interface ArrayParser {
  create(source: string, transform: Parser): { parse(): unknown };
}

/** Scalars whose default parsing loses information; arrays of them follow. OIDs from pg_type.dat. */
const PARSERS: readonly { readonly oid: number; readonly arrayOid: number; readonly parse: Parser }[] = [
  { oid: 20, arrayOid: 1016, parse: BigInt }, // int8
  { oid: 1184, arrayOid: 1185, parse: parseTimestamp }, // timestamptz
  { oid: 1700, arrayOid: 1231, parse: (text) => text }, // numeric
  { oid: 1082, arrayOid: 1182, parse: (text) => text }, // date
  { oid: 1114, arrayOid: 1115, parse: (text) => text }, // timestamp
];

const arrays = (pg.types as unknown as { arrayParser: ArrayParser }).arrayParser;
const overrides = new Map<number, Parser>(
  PARSERS.flatMap(({ oid, arrayOid, parse }): [number, Parser][] => [
    [oid, parse],
    [arrayOid, (text) => arrays.create(text, (item) => (item === null ? null : parse(item))).parse()],
  ]),
);

/** int8 → bigint, timestamptz → bigint epoch µs, numeric, date and timestamp → text, bytea → Buffer, rest as pg. */
export const typeParsers: pg.CustomTypesConfig = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): Parser {
    const standard = pg.types.getTypeParser as (oid: number, format?: string) => Parser;
    return overrides.get(oid) ?? standard(oid, format);
  },
};
