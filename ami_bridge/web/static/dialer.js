/** Calling somebody: the own telephone first; one key per wish; asked once more for what is dear or an emergency. */

import { Refusal, inWords } from "./ask.js";
import { confirmDialog, mustBeConfirmed } from "./confirm.js";
import { html, nothing } from "./vendor/lit.js";
import { failure } from "./dialog.js";
import { icon } from "./icons.js";
import { newKey } from "./doing.js";
import { t } from "./i18n.js";

const SHOWN_FOR = 12_000; // nobody tells when the own telephone was taken, only when the other one was
const SAME_WISH_FOR = 60_000; // a second try within a minute, after no answer at all, is the same wish

export class Dialer {
  #house;
  #now = null; // { to, who, phase: "asking" | "rings" | "failed", call, error }
  #last = null; // { to, key, at }: what had no answer, so that nobody knows whether it was done
  #later = 0;

  constructor(house) {
    this.#house = house;
  }

  get busy() {
    return this.#now?.phase === "asking";
  }

  /** Have the own telephone ring and then call `number`. */
  async dial({ number, display = number, name = null }, confirmed = false) {
    if (this.busy) return;
    const who = name ? t("dial.who", { name, number: display }) : display;
    const key = this.#keyFor(number, confirmed);
    this.#show({ to: number, who, phase: "asking" });
    this.#house.say(t("dial.asking", { who }));
    try {
      const { call } = await this.#house.do("call.originate", { to: number, ...(confirmed ? { confirmed } : {}) }, key);
      this.#last = null;
      this.#show({ to: number, who, phase: "rings", call });
      this.#house.say(t("dial.rings", { who }));
    } catch (error) {
      const answered = error instanceof Refusal && error.code;
      this.#last = answered ? null : { to: number, key, at: Date.now() };
      if (mustBeConfirmed(error) && !confirmed) this.#confirm({ number, display, name }, who);
      else this.#show({ to: number, who, phase: "failed", error: inWords(error, "dial") });
    }
  }

  #keyFor(to, confirmed) {
    const last = this.#last;
    return last?.to === to && !confirmed && Date.now() - last.at < SAME_WISH_FOR ? last.key : newKey();
  }

  #confirm(option, who) {
    this.#show(null);
    confirmDialog(this.#house, { who, run: () => void this.dial(option, true) }).open();
  }

  #show(now) {
    this.#now = now;
    clearTimeout(this.#later);
    if (now && now.phase === "rings") this.#later = setTimeout(() => this.#show(null), SHOWN_FOR);
    this.#house.draw();
  }

  /** A call has changed: what is shown about dialling is over when it goes on by itself. */
  heard(call) {
    if (call.id === this.#now?.call && call.state !== "dialing") this.#now = null;
  }

  view() {
    const now = this.#now;
    return html`
      <div role="alert">${now?.phase === "failed" ? failure(now.error) : nothing}</div>
      ${now && now.phase !== "failed"
        ? html`<p class="message dial-now">${icon(now.phase === "asking" ? "waiting" : "ringing")}
            <span>${t(`dial.${now.phase}`, { who: now.who })}</span></p>`
        : nothing}`;
  }
}
