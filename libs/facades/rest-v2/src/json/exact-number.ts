/** TypeScript's libraries do not declare it yet: https://github.com/tc39/proposal-json-parse-with-source */
const { rawJSON } = JSON as unknown as { readonly rawJSON: (text: string) => unknown };

/** For JSON.stringify: an integer of any size as an exact JSON number. */
export function exactNumber(value: bigint): unknown {
  return rawJSON(String(value));
}
