/** Where buttons are: what has just slid under a pointer takes no click until a hand could know. */

const DEAD_WHEN_MOVED = 600; // ms

export class Places {
  #selector;
  #list;
  #places = new Map(); // button element: where it is, and since when
  #later = 0;

  /** Watches the buttons that `selector` finds; elements that `list` finds say while something is moving. */
  constructor(selector, list) {
    this.#selector = selector;
    this.#list = list;
  }

  /** Whether a click counts: keys do not slip. */
  takes(event) {
    const byPointer = event.detail > 0;
    return !byPointer || Date.now() - (this.#places.get(event.currentTarget)?.since ?? 0) >= DEAD_WHEN_MOVED;
  }

  /** After drawing. */
  settle() {
    const before = this.#places;
    this.#places = new Map();
    let settling = false;
    for (const button of document.querySelectorAll(this.#selector)) {
      const place = placeOf(button);
      const was = before.get(button);
      const moved = was ? was.place && place && was.place !== place : before.size > 0;
      const since = moved ? Date.now() : (was?.since ?? 0);
      settling ||= Date.now() - since < DEAD_WHEN_MOVED;
      this.#places.set(button, { place, since });
    }
    for (const list of document.querySelectorAll(this.#list)) list.toggleAttribute("data-settling", settling);
    clearTimeout(this.#later);
    if (settling) this.#later = setTimeout(() => this.settle(), DEAD_WHEN_MOVED);
  }
}

/** Where it is on the page, whatever is scrolled or just slides in; nowhere, what is too far outside the window to be drawn. */
function placeOf(element) {
  if (element.checkVisibility?.({ contentVisibilityAuto: true }) === false) return "";
  let [left, top] = [element.offsetLeft, element.offsetTop];
  for (let at = element.offsetParent; at; at = at.offsetParent) {
    [left, top] = [left + at.offsetLeft + at.clientLeft, top + at.offsetTop + at.clientTop];
  }
  return `${left} ${top}`;
}
