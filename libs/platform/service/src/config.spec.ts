import { join } from 'node:path';
import { afterEach, describe, expect, it } from '@jest/globals';
import { ConfigurationError, defineConfig, variableName, type ConfigValues } from './config.ts';
import {
  address,
  duration,
  flag,
  integer,
  oneOf,
  optional,
  path,
  port,
  secret,
  string,
  url,
} from './settings.ts';

const config = defineConfig('registry', {
  grpcPort: port(7420),
  databaseUrl: url({ schemes: ['postgres', 'postgresql'], help: 'where releases are kept' }),
  serviceSecret: secret(),
  batchSize: integer({ default: 64, min: 1, max: 100, unit: 'rows' }),
  idleTimeoutMs: duration({ default: 5_000, max: 60_000 }),
  auditAddress: address('127.0.0.1:7450'),
  mode: oneOf(['open', 'closed'], { default: 'open' }),
  strict: flag({ default: true }),
  label: optional(string()),
});
const required = { DATABASE_URL: 'postgres://plumb:line@localhost/x', SERVICE_SECRET: 'hush' };

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    config.parse(env);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
};

describe('defineConfig', () => {
  it('fills in defaults, its own and those of every service', () => {
    const values: ConfigValues<typeof config> = config.parse(required);
    expect(values).toEqual({
      host: '127.0.0.1',
      adminPort: 7421,
      logLevel: 'info',
      drainTimeoutMs: 10_000,
      grpcPort: 7420,
      databaseUrl: 'postgres://plumb:line@localhost/x',
      serviceSecret: 'hush',
      batchSize: 64,
      idleTimeoutMs: 5_000,
      auditAddress: '127.0.0.1:7450',
      mode: 'open',
      strict: true,
      label: undefined,
    });
  });

  it('reads each variable by the name of its key', () => {
    const values = config.parse({ ...required, IDLE_TIMEOUT_MS: '1.5s', STRICT: 'false', LABEL: ' a ' });
    expect(values).toMatchObject({ idleTimeoutMs: 1_500, strict: false, label: 'a' });
  });

  it('reports all problems at once', () => {
    expect(
      problemsOf({
        GRPC_PORT: '70000',
        BATCH_SIZE: 'many',
        MODE: 'ajar',
        AUDIT_ADDRESS: 'audit',
        STRICT: 'maybe',
      }),
    ).toEqual([
      'GRPC_PORT="70000" must be 0 to 65535',
      'DATABASE_URL is required (url): where releases are kept',
      'SERVICE_SECRET is required (secret)',
      'BATCH_SIZE="many" is not an integer',
      'AUDIT_ADDRESS="audit" is not host:port',
      'MODE="ajar" is none of open, closed',
      'STRICT="maybe" is neither true nor false',
    ]);
  });

  it('names bounds with their unit', () => {
    expect(problemsOf({ ...required, BATCH_SIZE: '101', IDLE_TIMEOUT_MS: '2m' })).toEqual([
      'BATCH_SIZE="101" must be 1 to 100 rows',
      'IDLE_TIMEOUT_MS="2m" must be 0 to 60000 ms',
    ]);
  });

  it('says how a length of time is written', () => {
    expect(problemsOf({ ...required, IDLE_TIMEOUT_MS: '5 minutes' })).toEqual([
      'IDLE_TIMEOUT_MS="5 minutes" is not a duration, such as 250, 250ms, 5s, 2m, 1h or 7d',
    ]);
  });

  it('never shows a secret, nor a URL that may hold one', () => {
    const problems = problemsOf({ ...required, DATABASE_URL: 'mysql://root:hunter2@db' });
    expect(problems).toEqual([
      'DATABASE_URL does not begin with postgres:// or postgresql:// (where releases are kept)',
    ]);
  });

  it('describes itself for the configuration page', () => {
    expect(config.describe()).toContainEqual({
      variable: 'BATCH_SIZE',
      kind: 'integer',
      unit: 'rows',
      bounds: '1 to 100',
      fallback: '64',
      secret: false,
      help: '',
    });
  });

  it.each([
    ['grpcPort', 'GRPC_PORT'],
    ['host', 'HOST'],
    ['s3Bucket', 'S3_BUCKET'],
  ])('names the variable of %s %s', (key, variable) => {
    expect(variableName(key)).toBe(variable);
  });
});

describe('path', () => {
  const { parse } = path();
  const given = process.env['CALLER_DIRECTORY'];
  afterEach(() => {
    if (given === undefined) delete process.env['CALLER_DIRECTORY'];
    else process.env['CALLER_DIRECTORY'] = given;
  });

  it('is one of the folder that the service was started from', () => {
    process.env['CALLER_DIRECTORY'] = '/home/ada';
    expect(parse('models')).toBe('/home/ada/models');
    expect(parse('../models')).toBe('/home/models');
    expect(parse('/srv/models/')).toBe('/srv/models');
  });

  it('is one of the working directory where nothing else is known', () => {
    delete process.env['CALLER_DIRECTORY'];
    expect(parse('models')).toBe(join(process.cwd(), 'models'));
  });

  it('is no URL, unless somebody takes URLs on', () => {
    expect(() => parse('s3://bucket/models')).toThrow(
      new RangeError('is a URL: give a path of this machine, a mounted one if need be'),
    );
    expect(path({ urls: 'keep' }).parse('s3://bucket/models')).toBe('s3://bucket/models');
  });

  it('stays relative to the working directory as a default', () => {
    process.env['CALLER_DIRECTORY'] = '/home/ada';
    const { parse: parseAll } = defineConfig('fixture', {
      grpcPort: port(1),
      stateDir: path({ default: '.state' }),
    });
    expect(parseAll({}).stateDir).toBe('.state');
  });
});
