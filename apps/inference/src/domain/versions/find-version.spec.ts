import { describe, expect, it } from '@jest/globals';
import { hasReason } from '@plumbline/errors';
import fc from 'fast-check';
import { findByName, type HeldVersion, type ServingVersion } from './find-version.ts';
import { indexModels } from './model-index.ts';
import type { ListedVersion, Listing } from '../traffic.ts';

type Fate = 'answers' | 'asleep' | 'loading' | 'absent';

interface Case {
  readonly version: ListedVersion;
  readonly fate: Fate;
  readonly listed: boolean;
}

const owner = fc.record({
  tenant: fc.constantFrom('acme', 'rival'),
  model: fc.constantFrom('m', 'n'),
  number: fc.integer({ min: 1, max: 3 }),
});
const cases: fc.Arbitrary<Case[]> = fc.uniqueArray(
  fc.record({
    version: fc.record({
      digest: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
      files: fc.constant([]),
      owners: fc.uniqueArray(owner, { minLength: 1, maxLength: 3, selector: (one) => JSON.stringify(one) }),
    }),
    fate: fc.constantFrom('answers', 'asleep', 'loading', 'absent'),
    listed: fc.boolean(),
  }),
  { selector: ({ version }) => version.digest },
);

function held({ version, fate }: Case): HeldVersion {
  const serving = fate === 'answers' ? ({ digest: version.digest } as ServingVersion) : undefined;
  const state = fate === 'answers' ? 'READY' : 'LOADING';
  const standing = fate === 'asleep' ? ({ state: 'EVICTED', verified: true } as const) : ({ state } as const);
  return {
    version,
    standing,
    serving,
    facts: serving,
    waking: false,
    failure: undefined,
    statistics: undefined,
  };
}

function viewOf(all: readonly Case[]) {
  const of = (some: readonly Case[]) => some.map(({ version }) => version);
  const listing: Listing = {
    epoch: 1n,
    versions: of(all.filter(({ listed }) => listed)),
    champions: new Map(),
  };
  return {
    listing,
    index: indexModels(listing, of(all.filter(({ listed }) => !listed))),
    held: new Map(
      all.filter(({ fate }) => fate !== 'absent').map((one) => [one.version.digest, held(one)] as const),
    ),
  };
}

/** Every name there is, the best first. */
function expected(all: readonly Case[], asked: string): string {
  const names = all
    .filter(({ listed, fate }) => listed || fate !== 'absent')
    .flatMap(({ version, fate, listed }) => {
      const rank = fate === 'answers' || fate === 'asleep' ? 1 + Number(listed) : 0;
      return version.owners.map(({ tenant, model, number }) => ({ tenant, model, number, fate, rank }));
    })
    .filter(({ tenant, model }) => tenant === 'acme' && model === 'm')
    .filter(({ number }) => asked === '' || String(number) === asked);
  names.sort((left, right) => right.rank - left.rank || right.number - left.number);
  const [best] = names;
  if (best === undefined) return 'MODEL_NOT_FOUND';
  if (best.fate === 'answers') return String(best.number);
  return best.fate === 'asleep' ? 'MODEL_UNLOADED' : 'MODEL_NOT_READY';
}

describe('findByName', () => {
  it('finds what a look at every version of every model finds', () => {
    fc.assert(
      fc.property(cases, fc.constantFrom('', '1', '2', '3'), (all, asked) => {
        const reasons = ['MODEL_NOT_FOUND', 'MODEL_UNLOADED', 'MODEL_NOT_READY'];
        let outcome: string | undefined;
        try {
          outcome = String(findByName(viewOf(all), 'acme', 'm', asked).owner.number);
        } catch (error) {
          outcome = reasons.find((reason) => hasReason(error, reason));
        }
        expect(outcome).toBe(expected(all, asked));
      }),
    );
  });

  it('reads nothing of other models', () => {
    const named = (digest: string, model: string) => ({
      digest,
      files: [],
      owners: [{ tenant: 'acme', model, number: 1 }],
    });
    const mine = { version: named('a', 'm'), fate: 'answers', listed: true } as const;
    const view = viewOf([mine, { version: named('b', 'n'), fate: 'answers', listed: true }]);
    const unread = () => {
      throw new Error('all versions are read');
    };
    const guarded = {
      listing: { ...view.listing, versions: new Proxy(view.listing.versions, { get: unread }) },
      index: view.index,
      held: new Map([['a', held(mine)]]),
    };
    Object.assign(guarded.held, { [Symbol.iterator]: unread, values: unread, entries: unread });
    expect(findByName(guarded, 'acme', 'm', '1').serving.digest).toBe('a');
  });
});

describe('a name that is not found', () => {
  const listed: ListedVersion = {
    digest: 'a',
    files: [],
    owners: [{ tenant: 'acme', model: 'm', number: 1 }],
  };
  const view = (listing: Partial<Listing> | undefined) => {
    const all: Listing = { epoch: 1n, versions: [listed], champions: new Map(), ...listing };
    return { listing: listing && all, index: indexModels(all, []), held: new Map<string, HeldVersion>() };
  };
  const problems = new Map([['acme/n', { reason: 'MODEL_CONFIG_INVALID', detail: 'config.pbtxt:3:1: no' }]]);

  it.each([
    ['a model', 'n', '', {}, 'MODEL_NOT_FOUND', 'there is no model "n" here'],
    ['a version of a model', 'm', '2', {}, 'MODEL_NOT_FOUND', 'the model "m" has no version "2" here'],
    [
      'a model that cannot be listed',
      'n',
      '1',
      { problems },
      'MODEL_NOT_READY',
      'the model "n" could not be loaded: MODEL_CONFIG_INVALID: config.pbtxt:3:1: no',
    ],
    ['a model before the first listing', 'n', '', undefined, 'MODEL_NOT_READY', 'not known yet'],
  ])('is named where it is %s', (_, model, version, listing, reason, message) => {
    const find = () => findByName(view(listing), 'acme', model, version);
    expect(find).toThrow(expect.objectContaining({ reason }));
    expect(find).toThrow(message);
  });

  it('says nothing of the models of others', () => {
    expect(() => findByName(view({ problems }), 'rival', 'n', '')).toThrow('there is no model "n" here');
  });
});
