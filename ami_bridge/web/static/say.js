/** Saying things to people who hear the page: several within a moment become one announcement. */

const TOGETHER_WITHIN = 150;
const KEPT_FOR = 10_000;

/** One of the places that a screen reader listens to. */
class Voice {
  #id;
  #waiting = [];
  #later = 0;

  constructor(id) {
    this.#id = id;
  }

  say(text) {
    if (!text) return;
    this.#waiting.push(text);
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      const region = this.#region();
      region.textContent = this.#waiting.join(" ");
      this.#waiting = [];
      this.#later = setTimeout(() => (region.textContent = ""), KEPT_FOR);
    }, TOGETHER_WITHIN);
  }

  /** While a dialog is open everything outside it is out of reach, for the ear too. */
  #region() {
    return document.querySelector(`dialog[open] .${this.#id}`) ?? document.getElementById(this.#id);
  }
}

const [calm, urgent] = [new Voice("announcements"), new Voice("warnings")];

export const say = (text) => calm.say(text);

const TYPING = 300;
let pause = 0;

/** What counts only when somebody stops typing; another key (without a text) takes it back. */
export function sayInPause(text = "") {
  clearTimeout(pause);
  pause = setTimeout(() => say(text), TYPING);
}

/** Interrupts whatever is being read: for alarms only. */
export const warn = (text) => urgent.say(text);
