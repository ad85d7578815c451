/**
 * 1-based ranks of the values in ascending order, ties sharing the mean of their ranks; in the order of the input.
 * Throws a RangeError on NaN, which has no rank.
 */
export function midranks(values: ArrayLike<number>): Float64Array {
  const order = sortedIndexes(values);
  const ranks = new Float64Array(values.length);
  let start = 0;
  while (start < order.length) {
    const value = values[order[start]!]!;
    let end = start + 1;
    while (end < order.length && values[order[end]!] === value) end += 1;
    const rank = (start + 1 + end) / 2;
    for (let position = start; position < end; position += 1) ranks[order[position]!] = rank;
    start = end;
  }
  return ranks;
}

function sortedIndexes(values: ArrayLike<number>): Uint32Array {
  const indexes = new Uint32Array(values.length);
  for (let index = 0; index < indexes.length; index += 1) {
    if (Number.isNaN(values[index]!)) throw new RangeError(`score ${index} is NaN`);
    indexes[index] = index;
  }
  return indexes.sort((a, b) => (values[a]! < values[b]! ? -1 : values[a]! > values[b]! ? 1 : a - b));
}
