/** A part of a screen with a question of its own to the daemon: not known yet, there, busy, or why not. */

import { failure } from "./dialog.js";
import { html, live, nothing } from "./vendor/lit.js";
import { inWords } from "./ask.js";

export class Part {
  busy = false;
  error = "";
  house;
  #next = null; // what is to be looked up once the thing that is being done is done

  constructor(house) {
    this.house = house;
  }

  /**
   * Do one thing at a time and keep in words what went wrong; `about` chooses the words. True when it went well.
   * `wish` is what was picked, and is shown as picked until it is known.
   */
  async attempt(work, about = "", wish = undefined) {
    if (this.busy) return false;
    Object.assign(this, { busy: true, error: "", wish });
    this.house.draw();
    try {
      await work();
    } catch (error) {
      this.error = inWords(error, about);
    }
    this.busy = false;
    this.house.draw();
    const [went, next] = [!this.error, this.#next];
    this.#next = null;
    next?.();
    return went;
  }

  /** Look something up; while another thing is being done, right after it, and then only what was wished for last. */
  latest(work, about = "") {
    if (!this.busy) return this.attempt(work, about);
    this.#next = () => this.attempt(work, about);
    return Promise.resolve(false);
  }

  /** Whether one of several is to be shown as picked. */
  isPicked(one, picked) {
    return live(one === (this.busy && this.wish !== undefined ? this.wish : picked));
  }

  get inert() {
    return this.busy ? "true" : nothing;
  }

  alert() {
    return html`<div role="alert">${this.error ? failure(this.error) : nothing}</div>`;
  }
}

/** A button with a word and a drawing; `about` goes on for the ear: call back … whom. `plain`: of less weight. */
export const smallButton = ({ text, about = "", drawing = nothing, click, inert = nothing, id, plain = false }) => html`
  <button type="button" class=${plain ? "plain-button" : "control"} data-id=${id ?? nothing} aria-disabled=${inert}
    @click=${click}>${drawing}<span>${text}</span>${about ? html`<span class="unseen"> ${about}</span>` : nothing}</button>`;

/** Shows more of a list that comes in pieces. */
export const moreButton = (text, click, inert = nothing) => html`
  <p class="more"><button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${inert} @click=${click}>
    <span class="kern-label">${text}</span></button></p>`;
