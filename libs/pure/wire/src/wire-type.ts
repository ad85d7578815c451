/** Wire types of https://protobuf.dev/programming-guides/encoding/#structure. */
export const Wire = { VARINT: 0, BIT64: 1, LENGTH: 2, START_GROUP: 3, END_GROUP: 4, BIT32: 5 } as const;
