import { create, type DescField, type DescMessage, type MessageShape } from '@bufbuild/protobuf';
import { reflect, scalarZeroValue, type ReflectMessage } from '@bufbuild/protobuf/reflect';
import { closestName } from './closest-name.ts';
import { Lexer, type Token } from './lexer.ts';
import { readEnum, readScalar, shown } from './read-scalar.ts';
import { TextError, type Position } from './text-error.ts';

const MAX_DEPTH = 64;

type OnField = (path: string, position: Position) => void;

/**
 * Parses a message in protobuf's text format (https://protobuf.dev/reference/protobuf/textformat-spec/). Fields that
 * the type does not have are refused, and so are fields given twice that hold one value, several members of a oneof,
 * extensions and expanded Any. The default values of fields that are absent are those of the type.
 * @param onField told of each field that is given, also where it is given its default, by its path; of items that are
 * messages (`field[0]`), and of a map's entries by their keys (`field["key"]`), each with where it begins.
 * @param unknown says what is wrong with a field that the type does not have; the sentence begins with its path.
 * @throws TextError with line, column and field.
 */
export function parseText<Desc extends DescMessage>(
  schema: Desc,
  text: string,
  onField: OnField = () => undefined,
  unknown: (schema: DescMessage, name: string) => string = unknownField,
): MessageShape<Desc> {
  const message = create(schema);
  new Parser(new Lexer(text), onField, unknown).readFields(reflect(schema, message), '', undefined);
  return message;
}

/** That a message has no field of a name, and which one may have been meant. */
export function unknownField(schema: DescMessage, name: string): string {
  const names = schema.fields.map((field) => field.name);
  const meant = closestName(name, names);
  return `is not a field of ${schema.name}${meant === undefined ? '' : `; did you mean ${meant}?`}`;
}

/** What closes a message that a symbol opened. */
const CLOSING: Readonly<Record<string, string>> = { '{': '}', '<': '>' };

class Parser {
  readonly #lexer: Lexer;
  readonly #onField: OnField;
  readonly #unknown: (schema: DescMessage, name: string) => string;
  #depth = 0;

  constructor(lexer: Lexer, onField: OnField, unknown: (schema: DescMessage, name: string) => string) {
    this.#lexer = lexer;
    this.#onField = onField;
    this.#unknown = unknown;
  }

  /** Reads fields until `closing`, which stays unread; undefined: the end of the text. */
  readFields(message: ReflectMessage, path: string, closing: string | undefined): void {
    const given = new Set<DescField>();
    for (let token = this.#lexer.peek(); !isEnd(token, closing); token = this.#lexer.peek()) {
      this.#readField(message, path, given);
      this.#skipSeparator();
    }
  }

  #readField(message: ReflectMessage, path: string, given: Set<DescField>): void {
    const name = this.#lexer.take();
    if (name.kind === 'end') throw new TextError(name, path, 'does not end');
    if (name.kind !== 'identifier')
      throw new TextError(name, path, `holds ${shown(name)} where a field is expected`);
    const own = path === '' ? name.text : `${path}.${name.text}`;
    const field = message.fields.find((candidate) => candidate.name === name.text);
    if (field === undefined) {
      throw new TextError(name, own, this.#unknown(message.desc, name.text));
    }
    if (isSingular(field)) checkFirst(field, given, name, own);
    given.add(field);
    this.#onField(own, name);
    this.#readColon(field, own);
    if (!isSingular(field) && this.#isNext('[')) this.#readList(message, field, own);
    else this.#readValue(message, field, own);
  }

  /** Optional only before what cannot be mistaken: a message, or a list of messages. */
  #readColon(field: DescField, path: string): void {
    if (!holdsMessages(field) || this.#isNext(':')) this.#expectColon(path);
  }

  #expectColon(path: string): void {
    const found = this.#lexer.take();
    if (found.kind === 'symbol' && found.text === ':') return;
    throw new TextError(found, path, `is followed by ${shown(found)} where ":" is expected`);
  }

  #skipSeparator(): void {
    if (this.#isNext(',') || this.#isNext(';')) this.#lexer.take();
  }

  #readList(message: ReflectMessage, field: DescField, path: string): void {
    this.#lexer.take();
    if (this.#isNext(']')) return void this.#lexer.take();
    for (;;) {
      this.#readValue(message, field, path);
      const token = this.#lexer.take();
      if (token.text === ']' && token.kind === 'symbol') return;
      if (token.text !== ',' || token.kind !== 'symbol') {
        throw new TextError(token, path, `holds ${shown(token)} where "," or "]" is expected`);
      }
    }
  }

  #readValue(message: ReflectMessage, field: DescField, path: string): void {
    switch (field.fieldKind) {
      case 'scalar':
        return message.set(field, readScalar(this.#lexer, field.scalar, failAt(path)));
      case 'enum':
        return message.set(field, readEnum(this.#lexer, field.enum, failAt(path)));
      case 'message':
        return message.set(field, this.#readMessage(field.message, path));
      case 'list': {
        const list = message.get(field);
        const own = `${path}[${list.size}]`;
        if (field.listKind === 'message') this.#onField(own, this.#lexer.peek());
        return list.add(this.#readItem(field, own));
      }
      case 'map':
        return this.#readEntry(message, field, path);
    }
  }

  #readItem(field: DescField & { fieldKind: 'list' }, path: string): unknown {
    switch (field.listKind) {
      case 'scalar':
        return readScalar(this.#lexer, field.scalar, failAt(path));
      case 'enum':
        return readEnum(this.#lexer, field.enum, failAt(path));
      case 'message':
        return this.#readMessage(field.message, path);
    }
  }

  #readMessage(schema: DescMessage, path: string): ReflectMessage {
    const message = reflect(schema);
    this.#inBrackets(path, (closing) => this.readFields(message, path, closing));
    return message;
  }

  /** An entry whose key or value is not given has that type's zero. Of equal keys the last counts. */
  #readEntry(message: ReflectMessage, field: DescField & { fieldKind: 'map' }, path: string): void {
    const map = message.get(field);
    const own = `${path}[${map.size}]`;
    const start = this.#lexer.peek();
    let key: unknown;
    let value: unknown;
    this.#inBrackets(own, (closing) => {
      for (let token = this.#lexer.peek(); !isEnd(token, closing); token = this.#lexer.peek()) {
        this.#lexer.take();
        if (token.text === 'key' && key === undefined) {
          this.#expectColon(`${own}.key`);
          key = readScalar(this.#lexer, field.mapKey, failAt(`${own}.key`));
        } else if (token.text === 'value' && value === undefined) {
          if (field.mapKind !== 'message' || this.#isNext(':')) this.#expectColon(`${own}.value`);
          value = this.#readEntryValue(field, `${own}.value`);
        } else {
          throw new TextError(token, own, `holds ${shown(token)} where one key and one value are expected`);
        }
        this.#skipSeparator();
      }
    });
    key ??= scalarZeroValue(field.mapKey, false);
    this.#onField(`${path}["${String(key)}"]`, start);
    map.set(key, value ?? zeroOf(field));
  }

  #readEntryValue(field: DescField & { fieldKind: 'map' }, path: string): unknown {
    switch (field.mapKind) {
      case 'scalar':
        return readScalar(this.#lexer, field.scalar, failAt(path));
      case 'enum':
        return readEnum(this.#lexer, field.enum, failAt(path));
      case 'message':
        return this.#readMessage(field.message, path);
    }
  }

  #inBrackets(path: string, read: (closing: string) => void): void {
    const opening = this.#lexer.take();
    const closing = opening.kind === 'symbol' ? CLOSING[opening.text] : undefined;
    if (closing === undefined) {
      throw new TextError(opening, path, `is ${shown(opening)} where a message in {} or <> is expected`);
    }
    if (++this.#depth > MAX_DEPTH) throw new TextError(opening, path, `is nested deeper than ${MAX_DEPTH}`);
    read(closing);
    this.#lexer.take();
    this.#depth--;
  }

  #isNext(symbol: string): boolean {
    const { kind, text } = this.#lexer.peek();
    return kind === 'symbol' && text === symbol;
  }
}

function isEnd({ kind, text }: Token, closing: string | undefined): boolean {
  return closing === undefined ? kind === 'end' : kind === 'symbol' && text === closing;
}

function isSingular(field: DescField): boolean {
  return field.fieldKind !== 'list' && field.fieldKind !== 'map';
}

function holdsMessages(field: DescField): boolean {
  return field.message !== undefined || field.fieldKind === 'map';
}

function zeroOf(field: DescField & { fieldKind: 'map' }): unknown {
  if (field.mapKind === 'message') return reflect(field.message);
  return field.mapKind === 'enum' ? field.enum.values[0]?.number : scalarZeroValue(field.scalar, false);
}

function checkFirst(field: DescField, given: ReadonlySet<DescField>, at: Token, path: string): void {
  if (given.has(field)) throw new TextError(at, path, 'is given twice');
  const other = field.oneof?.fields.find((member) => given.has(member));
  if (other !== undefined) throw new TextError(at, path, `is given beside ${other.name}, which excludes it`);
}

function failAt(path: string): (token: Token, problem: string) => TextError {
  return (token, problem) => new TextError(token, path, problem);
}
