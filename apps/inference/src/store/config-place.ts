import { ModelConfigSchema } from '@plumbline/contract-oip';
import { parseText, type Position } from '@plumbline/textproto';

/**
 * Where a configuration in text format gives a field: "3:5", line and column from 1. Of one that it leaves out, the
 * nearest field around it that it gives; undefined where there is none.
 * @throws TextError
 */
export function placeInText(text: string, field: string): string | undefined {
  const around = fieldsAround(field);
  const places = new Map<string, Position>();
  parseText(ModelConfigSchema, text, (path, position) => {
    if (around.includes(path) && !places.has(path)) places.set(path, position);
  });
  const given = around.find((path) => places.has(path));
  const position = given === undefined ? undefined : places.get(given);
  return position && `${position.line}:${position.column}`;
}

const LAST_STEP = /(?:\.[A-Za-z_]\w*|\[\d+\]|\[".*"\])$/;

/** A path and all that it begins with, the longest first: `input[1].dims`, `input[1]`, `input`. */
function fieldsAround(path: string): string[] {
  const outer = path.replace(LAST_STEP, '');
  return outer === path ? [path] : [path, ...fieldsAround(outer)];
}
