import { metadataNames } from '../context/metadata-names.ts';
import type { MetadataValue, ReadonlyMetadata } from '../context/metadata.ts';
import type { CallItem } from './items.ts';

/** What an item says of itself, over what its stream says for all. */
export class ItemMetadata implements ReadonlyMetadata {
  readonly #item: CallItem;
  readonly #stream: ReadonlyMetadata;

  constructor(item: CallItem, stream: ReadonlyMetadata) {
    this.#item = item;
    this.#stream = stream;
  }

  get(name: string): string | undefined {
    return this.#field(name) || (this.#item.metadata?.get(name) ?? this.#stream.get(name));
  }

  getBinary(name: string): Buffer | undefined {
    return this.#item.metadata?.getBinary(name) ?? this.#stream.getBinary(name);
  }

  entries(): Iterable<readonly [string, MetadataValue]> {
    const fields = FIELD_NAMES.map((name) => [name, this.#field(name)] as const);
    return new Map([
      ...this.#stream.entries(),
      ...(this.#item.metadata?.entries() ?? []),
      ...fields.filter(([, value]) => value !== ''),
    ]);
  }

  #field(name: string): string {
    switch (name) {
      case metadataNames.tenant:
        return this.#item.tenant;
      case metadataNames.caller:
        return this.#item.caller;
      case metadataNames.requestId:
        return this.#item.requestId;
      case metadataNames.traceparent:
        return this.#item.traceparent;
      default:
        return '';
    }
  }
}

const FIELD_NAMES = [
  metadataNames.tenant,
  metadataNames.caller,
  metadataNames.requestId,
  metadataNames.traceparent,
] as const;
