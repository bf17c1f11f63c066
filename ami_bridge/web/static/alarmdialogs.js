/** What is asked about alarms: why and until when one is set aside, whether it is over, whether more are to be called. */

import { html, live } from "./vendor/lit.js";
import { Dialog } from "./dialog.js";
import { t, timeOfDay } from "./i18n.js";
import { titleOf } from "./alarmwords.js";

const MINUTES = [15, 30, 60, 120, 240, 480];
const SHORTEST_REASON = 3;

/** Set it aside for a time, never without a reason; the end is told as a time of day. */
export function shelveDialog(house, alarm) {
  const wish = { reason: "", minutes: 60, overlay: "shelved" };
  const set = (change) => {
    Object.assign(wish, change);
    house.draw();
  };
  const until = (minutes) => timeOfDay(Date.now() + minutes * 60_000);
  const dialog = new Dialog(house, {
    about: "alarm",
    title: () => t("alarms.shelve_title", { what: titleOf(alarm) }),
    submit: () => t("alarms.shelve_do"),
    ready: () => wish.reason.trim().length >= SHORTEST_REASON,
    body: () => html`
      <p class="muted">${t("alarms.shelve_hint")}</p>
      <div class="kern-form-input">
        <label class="kern-label" for="shelve-reason">${t("alarms.reason")}</label>
        <input class="kern-form-input__input" id="shelve-reason" name="reason" type="text" maxlength="200" required autocomplete="off" autofocus
          .value=${live(wish.reason)} @input=${(event) => set({ reason: event.target.value })}>
      </div>
      <label class="field"><span class="kern-label">${t("alarms.until")}</span>
        <select name="minutes" @change=${(event) => set({ minutes: Number(event.target.value) })}>
          ${MINUTES.map((one) => html`<option value=${one} ?selected=${wish.minutes === one}>${t(one < 60 ? "alarms.for_minutes" : "alarms.for_hours", {
            count: one < 60 ? one : one / 60, time: until(one) })}</option>`)}
        </select></label>
      <fieldset class="plain-fieldset">
        <legend class="kern-label">${t("alarms.aside_how")}</legend>
        ${["shelved", "suppressed", "out-of-service"].map((one) => html`
          <label class="choice"><input type="radio" name="overlay" value=${one} .checked=${live(wish.overlay === one)} @change=${() => set({ overlay: one })}>
            <span>${t(`alarms.aside.${one}`)}</span></label>`)}
      </fieldset>`,
    run: () => carryOut(house, dialog, alarm, "shelve", { ...wish, reason: wish.reason.trim() }),
  });
  return dialog;
}

/** Afterwards the focus is at the alarm, wherever it stands now. */
async function carryOut(house, dialog, alarm, verb, params = {}) {
  dialog.back = [await house.alarm(alarm, verb, params), ...dialog.back];
}

function sure(house, alarm, verb, { danger = false } = {}) {
  const dialog = new Dialog(house, {
    about: "alarm",
    danger,
    title: () => t(`alarms.${verb}_sure`, { what: titleOf(alarm) }),
    body: () => html`<p>${t(`alarms.${verb}_hint`)}</p>`,
    submit: () => t(`alarms.${verb}_do`),
    run: () => carryOut(house, dialog, alarm, verb),
  });
  return dialog;
}

export const clearDialog = (house, alarm) => sure(house, alarm, "clear");

export const escalateDialog = (house, alarm) => sure(house, alarm, "escalate", { danger: true });
