export interface ApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly createdAtUs: bigint;
  /** Undefined: in force. */
  readonly revokedAtUs: bigint | undefined;
}

export interface NewApiKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly secretSha256: Uint8Array;
}

export interface Tenants {
  /** True when the tenant is new. */
  create(tenant: string, by: string, nowUs: bigint): Promise<boolean>;
  exists(tenant: string): Promise<boolean>;
}

export interface ApiKeys {
  insert(key: NewApiKey, by: string, nowUs: bigint): Promise<void>;
  byId(id: string): Promise<ApiKey | undefined>;
  revoke(id: string, nowUs: bigint): Promise<void>;
  /** Oldest first. */
  list(): Promise<ApiKey[]>;
}
