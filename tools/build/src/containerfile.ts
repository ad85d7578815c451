/** One instruction of a Containerfile, continuation lines joined. */
export interface Instruction {
  /** Upper case, e.g. `COPY`. */
  readonly name: string;
  readonly flags: Readonly<Record<string, string>>;
  readonly args: readonly string[];
}

export interface Stage {
  readonly from: string;
  /** Its name in later `--from=`; undefined for a stage without one. */
  readonly alias: string | undefined;
  readonly instructions: readonly Instruction[];
}

/** Splits a Containerfile into its stages. Understands comments, continuation lines, flags and JSON arguments. */
export function parseContainerfile(text: string): Stage[] {
  const stages: (Stage & { instructions: Instruction[] })[] = [];
  for (const line of text
    .replaceAll(/^\s*#.*$/gm, '')
    .replaceAll(/\\\n/g, ' ')
    .split('\n')) {
    if (line.trim() === '') continue;
    const instruction = parseInstruction(line.trim());
    if (instruction.name === 'FROM') {
      const [from = '', , alias] = instruction.args;
      stages.push({ from, alias, instructions: [] });
    } else {
      const current = stages.at(-1);
      if (!current) throw new Error(`${instruction.name} precedes the first FROM`);
      current.instructions.push(instruction);
    }
  }
  return stages;
}

function parseInstruction(line: string): Instruction {
  const [name = '', ...words] = line.split(/\s+/);
  const flags: Record<string, string> = {};
  while (words[0]?.startsWith('--')) {
    const [flag = '', value = ''] = (words.shift() ?? '').slice(2).split('=');
    flags[flag] = value;
  }
  const rest = words.join(' ');
  const args = rest.startsWith('[') ? (JSON.parse(rest) as string[]) : words;
  return { name: name.toUpperCase(), flags, args };
}
