/** Raising an alarm by hand, in two steps: what has happened, then whom that calls and a word that must be typed. */

import { html, live } from "./vendor/lit.js";
import { number, t } from "./i18n.js";
import { Dialog } from "./dialog.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { keyring } from "./doing.js";
import { plain } from "./words.js";

const TYPED = "ALARM";

/** `took(alarm)` shows what was raised and gives its heading. */
export const raiseButton = (house, took) => html`
  <p class="alarm-raise"><button type="button" class="control control-danger" data-raises aria-haspopup="dialog" @click=${() => begin(house, took)}>
    ${icon("cut")}<span>${t("alarms.raise.ask")}</span></button></p>`;

async function begin(house, took) {
  const wish = { which: 0, text: "" };
  let scenarios = [];
  const first = new Dialog(house, {
    about: "alarm",
    title: () => t("alarms.raise.begin"),
    submit: () => t("alarms.raise.go_on"),
    ready: () => scenarios.length > 0 && wish.text.trim().length > 2,
    body: () => html`
      <p>${t("alarms.raise.hint")}</p>
      <div class="kern-form-input">
        <label class="kern-label" for="raise-which">${t("alarms.raise.which")}</label>
        <div class="kern-form-input__select-wrapper">
          <select class="kern-form-input__select" id="raise-which" autofocus @change=${(event) => (wish.which = Number(event.target.value))}>
            ${scenarios.map((one, at) => html`<option value=${at} ?selected=${at === wish.which}>${one.plant}: ${one.label}, ${t("alarms.priority", { priority: number(one.priority) })}</option>`)}
          </select>
        </div>
      </div>
      ${field(house, wish, "text", t("alarms.raise.what"), 300)}`,
    run: () => confirm(house, took, scenarios[wish.which], wish.text.trim()),
  });
  first.open();
  try {
    ({ scenarios } = await ask("GET", "alarms/by-hand"));
  } catch {
    first.error = t("error.no_server");
  }
  house.draw();
}

function confirm(house, took, scenario, text) {
  const wish = { typed: "" };
  const keys = keyring();
  const { source, alarm_class, people, plant } = scenario;
  new Dialog(house, {
    about: "alarm",
    danger: true,
    title: () => `${plain(plant)}: ${plain(text)}`,
    submit: () => t("alarms.raise.do"),
    ready: () => wish.typed.trim().toUpperCase() === TYPED,
    body: () => html`
      <p>${people.length ? t("alarms.raise.calls", { count: number(people.length), who: people.map(plain).join(", ") }) : t("alarms.raise.calls_nobody")}</p>
      ${field(house, wish, "typed", t("alarms.raise.type", { word: TYPED }), 20, true)}`,
    run: async () => took(await ask("POST", "alarms/by-hand", { source, alarm_class, text, confirmed: true }, { "Idempotency-Key": keys(text) })),
  }).open();
}

const field = (house, wish, name, label, most, first = false) => html`
  <div class="kern-form-input">
    <label class="kern-label" for="raise-${name}">${label}</label>
    <input class="kern-form-input__input" id="raise-${name}" type="text" maxlength=${most} autocomplete="off" ?autofocus=${first}
      .value=${live(wish[name])} @input=${(event) => { wish[name] = event.target.value; house.draw(); }}>
  </div>`;
