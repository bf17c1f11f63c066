/** The calls that go on: the newest state of each, as the daemon told it. */

import { now } from "./clock.js";

const SHOWN_AFTER_END = 60_000;

/** The calls of one topic. */
export class LiveCalls {
  #byId = new Map();
  #complete = false;

  /** Whether the daemon has told everything, so that an empty list means: no call. */
  get complete() {
    return this.#complete;
  }

  /** Newest first. A call keeps its place for as long as it is shown. */
  get shown() {
    return [...this.#byId.values()].sort((a, b) => Date.parse(b.since) - Date.parse(a.since) || (a.id < b.id ? 1 : -1));
  }

  get(key) {
    return this.#byId.get(key);
  }

  has(id) {
    return [...this.#byId.values()].some((call) => call.id === id);
  }

  get going() {
    return this.shown.filter((call) => call.state !== "ended");
  }

  /** The whole state anew; gives back the calls that nobody has heard of yet. What has ended may fade in peace. */
  replace(calls) {
    const before = this.#byId;
    const faded = [...before.values()].filter((call) => call.state === "ended");
    this.#byId = new Map([...faded, ...calls].map((call) => [keyOf(call), call]));
    this.#complete = true;
    return calls.filter((call) => before.get(keyOf(call))?.state !== call.state);
  }

  /** One call as it is now; true when its state is another than before. An older `rev` changes nothing. */
  change(call) {
    const before = this.#byId.get(keyOf(call));
    if (before && before.rev > call.rev) return false;
    this.#byId.set(keyOf(call), call);
    return before?.state !== call.state;
  }

  /** Drop what ended a minute ago. */
  expire() {
    for (const call of this.#byId.values()) {
      if (call.state === "ended" && now() - Date.parse(call.ended_at ?? call.since) >= SHOWN_AFTER_END) {
        this.#byId.delete(keyOf(call));
      }
    }
  }
}

/** A person with two extensions has two views of one call, each with its own `rev`. */
export const keyOf = (call) => `${call.id} ${call.extension}`;
