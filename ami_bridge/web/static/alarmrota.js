/** Who is on duty when, where nobody is, and what is wrong with the rota. */

import { dateAndTime, language, t } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { now } from "./clock.js";

export class Rota extends Part {
  #rotas = null;

  load() {
    return this.attempt(async () => ({ rotas: this.#rotas } = await ask("GET", "alarms/rota")));
  }

  view() {
    return html`
      ${this.alert()}
      ${this.#rotas && !this.#rotas.length
        ? html`<div class="empty">${icon("person")}<p class="empty-title">${t("alarms.rota_none")}</p><p class="muted">${t("alarms.rota_none_hint")}</p></div>`
        : nothing}
      <div class="panels">${this.#rotas?.map((rota, at) => one(rota, at))}</div>`;
  }
}

function one({ calendar, ladders, read_at: readAt, shifts, gaps, troubles }, at) {
  return html`
    <section class="panel" aria-labelledby="rota-${at}">
      <h2 id="rota-${at}" tabindex="-1" data-refuge>${t("alarms.rota")} <bdi class="foreign">${ladders.join(", ")}</bdi></h2>
      <p class="muted"><bdi class="foreign">${calendar}</bdi> · ${readAt ? t("alarms.rota_read", { time: dateAndTime(readAt) }) : t("alarms.rota_unread")}</p>
      ${troubles.map(({ text, text_en: inEnglish }) => html`<p class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span><span>${language() === "de" ? text : inEnglish}</span></p>`)}
      ${gaps.length
        ? html`<h3>${t("alarms.gaps")}</h3>
            <ul class="plain-list">${gaps.map(({ starts, ends, rank }) => html`<li>${rank > 1 ? t("alarms.rank", { rank }) : nothing} ${t("alarms.from_until", { from: dateAndTime(starts), until: dateAndTime(ends) })}</li>`)}</ul>`
        : html`<p class="good">${icon("ok")}${t("alarms.no_gaps")}</p>`}
      ${shifts.length ? table(shifts) : nothing}
    </section>`;
}

const table = (shifts) => html`
  <table class="stored">
    <thead><tr>${["who", "from", "until"].map((key) => html`<th scope="col">${t(`alarms.shift.${key}`)}</th>`)}</tr></thead>
    <tbody>
      ${shifts.map((shift) => html`
        <tr data-now=${Date.parse(shift.starts) <= now() && now() < Date.parse(shift.ends) ? "yes" : nothing}>
          <th scope="row"><span class="foreign" dir="auto">${shift.title || shift.logins.join(", ")}</span>
            ${Date.parse(shift.starts) <= now() && now() < Date.parse(shift.ends) ? html` <span class="tag">${icon("ok")}${t("alarms.on_duty")}</span>` : nothing}
            ${shift.rank > 1 ? html` <span class="tag">${t("alarms.rank", { rank: shift.rank })}</span>` : nothing}
            ${shift.over ? html` <span class="tag">${t("alarms.exception")}</span>` : nothing}
            ${shift.logins.length ? nothing : html` <span class="tag tag-danger">${icon("cut")}${t("alarms.stranger")}</span>`}</th>
          <td data-label=${t("alarms.shift.from")}>${dateAndTime(shift.starts)}</td>
          <td data-label=${t("alarms.shift.until")}>${dateAndTime(shift.ends)}</td>
        </tr>`)}
    </tbody>
  </table>`;
