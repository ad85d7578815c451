/** A place in a line. */
export interface Linked<Place> {
  previous: Place | undefined;
  next: Place | undefined;
}

/**
 * Places in the order in which they came; any of them leaves in constant time. For lines that many pass through: a Set
 * or Map that is added to and deleted from all the time makes a new table every so often, and V8 has the old one point
 * to it. Once one of them lies in the old generation, no younger table, nor anything that any of them held when it was
 * full, goes before the next major collection. Here a place that has left leads nowhere.
 */
export class LinkedLine<Place extends Linked<Place>> {
  #first: Place | undefined;
  #last: Place | undefined;

  get first(): Place | undefined {
    return this.#first;
  }

  append(place: Place): void {
    place.previous = this.#last;
    place.next = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
  }

  /** False, and nothing changes, where the place is in no line. It must not be in another. */
  remove(place: Place): boolean {
    if (place.previous === undefined && this.#first !== place) return false;
    if (place.previous === undefined) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === undefined) this.#last = place.previous;
    else place.next.previous = place.previous;
    place.previous = undefined;
    place.next = undefined;
    return true;
  }
}
