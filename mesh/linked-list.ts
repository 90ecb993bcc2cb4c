// A list whose items know their neighbours: one that comes and goes costs no memory. For items that come and go by
// the thousand a second, JavaScript's own Set and Map are dear for another reason: each time one is laid out anew, V8 leaves
// the old layout pointing at the new one, and once an old one has reached the old generation, all that follow it, with
// what was in them, are moved there too instead of being forgotten.

/** What an item carries for the list; only the list writes it. An item is in one list at most. */
export interface Linked<Item> {
  previous: Item | undefined;
  next: Item | undefined;
}

export class LinkedList<Item extends Linked<Item>> {
  first: Item | undefined;
  size = 0;
  #last: Item | undefined;

  append(item: Item): void {
    const last = this.#last;
    if (last === undefined) this.first = item;
    else last.next = item;
    item.previous = last;
    this.#last = item;
    this.size += 1;
  }

  /** False when it is not in the list. */
  remove(item: Item): boolean {
    const { previous, next } = item;
    if (previous === undefined && this.first !== item) return false;
    if (previous === undefined) this.first = next;
    else previous.next = next;
    if (next === undefined) this.#last = previous;
    else next.previous = previous;
    item.previous = undefined;
    item.next = undefined;
    this.size -= 1;
    return true;
  }

  /** The items as they are now, in order: some may go while others are dealt with. */
  values(): Item[] {
    const items: Item[] = [];
    for (let item = this.first; item !== undefined; item = item.next) items.push(item);
    return items;
  }
}
