/** Work at a source: that its alarms ring nobody for a time is said wherever people look, begun and ended here. */

import { dateAndTime, t, timeOfDay } from "./i18n.js";
import { html, live, nothing } from "./vendor/lit.js";
import { Dialog } from "./dialog.js";
import { ask } from "./ask.js";
import { plain } from "./words.js";

const MINUTES = [30, 60, 120, 240, 480, 1440];
const SHORTEST_REASON = 3;
const HOUR = 60;

const pathOf = ({ name }) => `alarms/sources/${encodeURIComponent(name)}/maintenance`;

/** When it ends: of today as a time, of another day with the date. */
const ends = (until) => (new Date(until).toDateString() === new Date().toDateString() ? timeOfDay(until) : dateAndTime(until));

/** Above the alarms: which sources ring nobody at present, until when, and who said so. */
export const worksBanner = (sources) => {
  const under = (sources ?? []).filter(({ maintenance }) => maintenance);
  return under.length
    ? html`
      <div class="message" data-works>
        <span class="kern-icon kern-icon--info" aria-hidden="true"></span>
        <div>${under.map(({ label, maintenance }) => html`<p>${inWords(label, maintenance)}</p>`)}</div>
      </div>`
    : nothing;
};

const inWords = (label, { until, by, reason, urgent }) =>
  t(urgent ? "alarms.works.under_all" : "alarms.works.under", { plant: plain(label), time: ends(until), name: plain(by), reason: plain(reason) });

/** What a line of the table says of it. */
export const worksNote = ({ until, by, reason, urgent }) => html`
  <span class="muted">${t("alarms.works.until", { time: ends(until), name: plain(by) })}: <bdi class="foreign">${reason}</bdi>.
    ${t(urgent ? "alarms.works.all_silent" : "alarms.works.urgent_ring")}</span>`;

/** Begin it, or change when it ends. `done()` looks again. */
export function beginDialog(house, source, done) {
  const known = source.maintenance;
  const wish = { reason: known?.reason ?? "", minutes: 120, urgent: known?.urgent ?? false };
  const set = (change) => {
    Object.assign(wish, change);
    house.draw();
  };
  const about = (minutes) => ({ count: minutes < HOUR ? minutes : minutes / HOUR, time: ends(Date.now() + minutes * 60_000) });
  return new Dialog(house, {
    about: "works",
    danger: true,
    title: () => t("alarms.works.title", { plant: plain(source.label) }),
    submit: () => t(known ? "alarms.works.change_do" : "alarms.works.begin_do"),
    ready: () => wish.reason.trim().length >= SHORTEST_REASON,
    body: () => html`
      <p>${t("alarms.works.hint")}</p>
      <div class="kern-form-input">
        <label class="kern-label" for="works-reason">${t("alarms.works.reason")}</label>
        <input class="kern-form-input__input" id="works-reason" type="text" maxlength="200" required autocomplete="off" autofocus
          .value=${live(wish.reason)} @input=${(event) => set({ reason: event.target.value })}>
      </div>
      <label class="field"><span class="kern-label">${t("alarms.until")}</span>
        <select @change=${(event) => set({ minutes: Number(event.target.value) })}>
          ${MINUTES.map((one) => html`<option value=${one} ?selected=${one === wish.minutes}>${t(one < HOUR ? "alarms.for_minutes" : "alarms.for_hours", about(one))}</option>`)}
        </select></label>
      <label class="choice"><input type="checkbox" .checked=${live(wish.urgent)} @change=${(event) => set({ urgent: event.target.checked })}>
        <span>${t("alarms.works.urgent")}</span></label>`,
    run: async () => {
      await ask("PUT", pathOf(source), { ...wish, reason: wish.reason.trim() });
      await done();
    },
  });
}

/** End it before its time. */
export const endDialog = (house, source, done) =>
  new Dialog(house, {
    about: "works",
    title: () => t("alarms.works.end_title", { plant: plain(source.label) }),
    submit: () => t("alarms.works.end_do"),
    body: () => html`<p>${t("alarms.works.end_hint")}</p>`,
    run: async () => {
      await ask("DELETE", pathOf(source));
      await done();
    },
  });
