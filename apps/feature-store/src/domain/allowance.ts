/** A quantity in each unit, e.g. `{ rows: 10, bytes: 4_096 }`. */
export type Load<Unit extends string> = Readonly<Record<Unit, number>>;

export interface AllowanceLimits<Unit extends string> {
  /** Held for all tenants together. */
  readonly total: Load<Unit>;
  /** Held for one tenant: less than the total, so that none can shut the others out. */
  readonly perTenant: Load<Unit>;
}

/**
 * How much work may be held at once. A load larger than a limit is admitted where nothing else is held against that
 * limit, so that whatever is legal by itself gets its turn.
 */
export class Allowance<Unit extends string> {
  readonly #limits: AllowanceLimits<Unit>;
  readonly #total: Holding<Unit>;
  readonly #tenants = new Map<string, Holding<Unit>>();

  constructor(limits: AllowanceLimits<Unit>) {
    this.#limits = limits;
    this.#total = new Holding(limits.total);
  }

  /** Takes a load on and answers the function that lets go of it, to be called once; undefined: there is no room. */
  admit(tenant: string, load: Load<Unit>): (() => void) | undefined {
    const own = this.#tenants.get(tenant) ?? new Holding(this.#limits.perTenant);
    if (!own.hasRoomFor(load) || !this.#total.hasRoomFor(load)) return undefined;
    this.#tenants.set(tenant, own);
    own.add(load, 1);
    this.#total.add(load, 1);
    return () => {
      own.add(load, -1);
      this.#total.add(load, -1);
      if (own.isEmpty) this.#tenants.delete(tenant);
    };
  }
}

class Holding<Unit extends string> {
  readonly #limit: Load<Unit>;
  readonly #held = new Map<Unit, number>();
  #loads = 0;

  constructor(limit: Load<Unit>) {
    this.#limit = limit;
  }

  get isEmpty(): boolean {
    return this.#loads === 0;
  }

  hasRoomFor(load: Load<Unit>): boolean {
    return this.isEmpty || this.#units.every((unit) => this.#heldOf(unit) + load[unit] <= this.#limit[unit]);
  }

  add(load: Load<Unit>, sign: 1 | -1): void {
    this.#loads += sign;
    for (const unit of this.#units) this.#held.set(unit, this.#heldOf(unit) + sign * load[unit]);
  }

  get #units(): readonly Unit[] {
    return Object.keys(this.#limit) as Unit[];
  }

  #heldOf(unit: Unit): number {
    return this.#held.get(unit) ?? 0;
  }
}
