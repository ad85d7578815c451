import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LinkedLine, type Linked } from './linked-line.ts';

class Place implements Linked<Place> {
  previous: Place | undefined;
  next: Place | undefined;
}

function inLine(line: LinkedLine<Place>): Place[] {
  const places: Place[] = [];
  for (let place = line.first; place !== undefined; place = place.next) places.push(place);
  return places;
}

describe('a linked line', () => {
  it('holds its places in the order in which they came, as an array would', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9)), (steps) => {
        const line = new LinkedLine<Place>();
        let expected: Place[] = [];
        for (const step of steps) {
          const leaving = expected[step];
          if (leaving === undefined) {
            const place = new Place();
            line.append(place);
            expected.push(place);
          } else {
            expect([line.remove(leaving), line.remove(leaving)]).toEqual([true, false]);
            expected = expected.filter((place) => place !== leaving);
            expect([leaving.previous, leaving.next]).toEqual([undefined, undefined]);
          }
          expect(inLine(line)).toEqual(expected);
          for (const [at, place] of expected.entries()) expect(place.previous).toBe(expected[at - 1]);
        }
      }),
    );
  });

  it('takes back a place that has left', () => {
    const line = new LinkedLine<Place>();
    const [first, second] = [new Place(), new Place()];
    line.append(first);
    line.append(second);
    line.remove(first);
    line.append(first);
    expect(inLine(line)).toEqual([second, first]);
  });
});
