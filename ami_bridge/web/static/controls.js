/** The buttons on a call: what can be done with it now, as the daemon says, and nothing else. */

import { Places } from "./places.js";
import { failure } from "./dialog.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { conferenceDialog, noteDialog, sendDialog } from "./calldialogs.js";
import { icon } from "./icons.js";
import { inWords } from "./ask.js";
import { keyOf } from "./livecalls.js";
import { newKey } from "./doing.js";
import { t } from "./i18n.js";

const DEAD_WHEN_NEW = 1_000; // a button that has just taken another's place
const KEYED = ["pickup", "fetch", "transfer"]; // what is done at once and may make a telephone ring

/** In the order they stand; several verbs may share a button that asks which. */
const BUTTONS = [
  { id: "answer", verbs: ["answer"], look: "primary", drawing: "answered" },
  { id: "pickup", verbs: ["pickup"], look: "primary", drawing: "answered" },
  { id: "fetch", verbs: ["fetch"], look: "primary", drawing: "answered" },
  { id: "resume", verbs: ["resume"], look: "primary", drawing: "answered" },
  { id: "join", verbs: ["transfer"], look: "primary", drawing: "conference", when: (call) => call.waits },
  { id: "reject", verbs: ["reject"], look: "danger", drawing: "ended" },
  { id: "hangup", verbs: ["hangup"], look: "danger", drawing: "ended" },
  { id: "redirect", verbs: ["redirect"], drawing: "forward", asks: sendDialog },
  { id: "hold", verbs: ["hold"], drawing: "held" },
  { id: "transfer", verbs: ["transfer", "consult"], drawing: "forward", asks: sendDialog, when: (call) => !call.waits },
  { id: "park", verbs: ["park"], drawing: "parked" },
  { id: "conference", verbs: ["conference"], drawing: "conference", asks: conferenceDialog },
  { id: "note", verbs: ["note"], drawing: "note", asks: noteDialog },
  { id: "forget", verbs: ["forget"], drawing: "cut" },
];

export class Controls {
  #house;
  #running = new Map(); // call: id of the button
  #errors = new Map(); // call: sentence
  #born = new Map(); // call: its buttons, each with the time from which it counts
  #places = new Places("[data-verb]", ".calls");

  constructor(house) {
    this.#house = house;
  }

  /** Forget what is known of calls that are not shown any more. */
  forgetAllBut(calls) {
    const shown = new Set(calls.map(keyOf));
    for (const known of [this.#running, this.#errors, this.#born]) {
      for (const key of known.keys()) if (!shown.has(key)) known.delete(key);
    }
  }

  view(call) {
    const key = keyOf(call);
    const buttons = BUTTONS.filter(({ when = () => true }) => when(call))
      .map((button) => ({ ...button, can: button.verbs.filter((verb) => call.actions?.includes(verb)) }))
      .filter(({ can }) => can.length);
    const born = this.#bornNow(key, buttons);
    const error = this.#errors.get(key);
    if (!buttons.length && !error) return nothing;
    return html`
      <div class="controls">
        ${buttons.length
          ? html`<div class="control-line">
              ${repeat(buttons, ({ id }) => id, (button) => this.#button(call, button, born.get(button.id)))}
            </div>`
          : nothing}
        <div role="alert">${error ? failure(error) : nothing}</div>
      </div>`;
  }

  /** Another meaning is another button; on a call that was there before, it is dead for a moment. */
  #bornNow(key, buttons) {
    const before = this.#born.get(key);
    const born = new Map(buttons.map(({ id }) => [id, before ? (before.get(id) ?? Date.now()) : 0]));
    if (before && [...born.keys()].some((id) => !before.has(id))) setTimeout(() => this.#house.draw(), DEAD_WHEN_NEW + 10);
    this.#born.set(key, born);
    return born;
  }

  #button(call, { id, can, look = "", drawing, asks }, born) {
    const running = this.#running.get(keyOf(call)) === id;
    const dead = running || Date.now() - born < DEAD_WHEN_NEW;
    return html`
      <button type="button" class="control ${look ? `control-${look}` : ""}" data-verb=${id} aria-disabled=${dead ? "true" : nothing}
        aria-haspopup=${asks ? "dialog" : nothing} @click=${(event) => this.#press(event, call, { id, can, asks }, born)}>
        ${icon(running ? "waiting" : drawing)}<span>${t(`verb.${id}`)}</span>
      </button>`;
  }

  #press(event, call, { id, can, asks }, born) {
    const key = keyOf(call);
    if (this.#running.has(key) || Date.now() - born < DEAD_WHEN_NEW || !this.#places.takes(event)) return;
    this.#errors.delete(key);
    if (asks) asks(this.#house, call, can).open();
    else this.#run(call, id, can[0]);
  }

  async #run(call, id, verb) {
    const key = keyOf(call);
    this.#running.set(key, id);
    this.#house.draw();
    try {
      await this.#house.act(call, verb, {}, KEYED.includes(verb) ? newKey() : null);
    } catch (error) {
      this.#errors.set(key, inWords(error, verb));
    }
    this.#running.delete(key);
    this.#house.draw();
  }

  settle() {
    this.#places.settle();
  }
}
