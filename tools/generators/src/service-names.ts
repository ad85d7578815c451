/** The one name of a service in every spelling that the templates need. */
export interface ServiceNames {
  /** `label-store` */
  readonly name: string;
  /** `LabelStore` */
  readonly title: string;
  /** Package and contract: `labelstore` */
  readonly contract: string;
  /** Schema: `label_store` */
  readonly schema: string;
  readonly grpcPort: number;
  readonly adminPort: number;
}

/** Throws a RangeError unless `name` is kebab-case. */
export function serviceNames(name: string, port: number): ServiceNames {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw new RangeError(`"${name}" is not kebab-case`);
  const words = name.split('-');
  return {
    name,
    title: words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join(''),
    contract: words.join(''),
    schema: words.join('_'),
    grpcPort: port,
    adminPort: port + 1,
  };
}
