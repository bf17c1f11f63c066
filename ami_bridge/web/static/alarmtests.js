/** Test alarms, for who manages alarms: begin one, and whom each has reached, out of all who should have been. */

import { dateAndTime, knows, number, t } from "./i18n.js";
import { html, live, nothing, repeat } from "./vendor/lit.js";
import { Dialog } from "./dialog.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { keyring } from "./doing.js";
import { plain } from "./words.js";
import { spans } from "./picture.js";

const LOOK_EVERY = 3_000; // while one runs

export class AlarmTests extends Part {
  #tests = null;
  #report = null;
  #later = 0;

  async load() {
    await this.attempt(async () => ({ tests: this.#tests } = await ask("GET", "alarms/tests")), "alarm");
    if (!this.#report && this.#tests?.length) await this.#show(this.#tests[0].id);
  }

  leave() {
    clearTimeout(this.#later);
  }

  async #show(id) {
    clearTimeout(this.#later);
    await this.latest(async () => (this.#report = await ask("GET", `alarms/tests/${id}`)), "alarm");
    if (this.#report && !this.#report.ended_at) this.#later = setTimeout(() => this.#show(id), LOOK_EVERY);
  }

  #begin() {
    const wish = { to: "everyone", text: "" };
    const keys = keyring();
    const field = (name, most) => html`
      <div class="kern-form-input">
        <label class="kern-label" for="test-${name}">${t(`alarms.test.${name}`)}</label>
        <input class="kern-form-input__input" id="test-${name}" type="text" maxlength=${most} autocomplete="off" ?autofocus=${name === "to"}
          aria-describedby=${name === "to" ? "test-hint" : nothing} .value=${live(wish[name])}
          @input=${(event) => { wish[name] = event.target.value; this.house.draw(); }}>
        ${name === "to" ? html`<p class="muted" id="test-hint">${t("alarms.test.to_hint")}</p>` : nothing}
      </div>`;
    new Dialog(this.house, {
      about: "test",
      danger: true,
      title: () => t("alarms.test.new"),
      submit: () => t("alarms.test.do"),
      ready: () => wish.to.trim() !== "",
      body: () => html`<p>${t("alarms.test.new_hint")}</p>${field("to", 300)}${field("text", 300)}`,
      run: async () => {
        const body = { to: wish.to.split(",").map((one) => one.trim()).filter(Boolean), text: wish.text.trim() };
        this.#report = await ask("POST", "alarms/tests", body, { "Idempotency-Key": keys(JSON.stringify(body)) });
        this.load().then(() => this.#show(this.#report.id));
      },
    }).open();
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="alarm-tests">
        <div class="section-head"><h2 id="alarm-tests" tabindex="-1" data-refuge>${t("alarms.view.tests")}</h2>
          <button type="button" class="control" aria-haspopup="dialog" @click=${() => this.#begin()}>${icon("test")}<span>${t("alarms.test.begin")}</span></button></div>
        <p class="muted">${t("alarms.test.hint")}</p>
        ${this.alert()}
        ${this.#tests && !this.#tests.length ? html`<p>${t("alarms.test.none")}</p>` : nothing}
        ${this.#tests?.length
          ? html`<ul class="rows" role="list">${repeat(this.#tests, ({ id }) => id, (one) => this.#line(one))}</ul>`
          : nothing}
      </section>
      ${this.#report ? reportOf(this.#report) : nothing}`;
  }

  #line(one) {
    const fresh = this.#report?.id === one.id ? this.#report : one;
    const about = dateAndTime(one.started_at);
    return html`
      <li class="row" data-test-run=${one.id}>
        <div class="row-main"><h3>${about}</h3>
          <p class="dotted muted"><span>${reached(fresh)}</span><span>${t(fresh.ended_at ? "alarms.test.over" : "alarms.test.runs")}</span>
            <bdi>${one.started_by ? plain(one.started_by) : t("alarms.test.by_clock")}</bdi></p></div>
        <button type="button" class="control" aria-pressed=${this.#report?.id === one.id ? "true" : "false"} @click=${() => this.#show(one.id)}>
          ${t("alarms.test.report")}<span class="unseen"> ${about}</span></button>
      </li>`;
  }
}

const reached = ({ confirmed, people }) => t("alarms.test.reached", { confirmed: number(confirmed), people: number(people) });

const reportOf = (report) => html`
  <section class="panel" aria-labelledby="alarm-reach">
    <h2 id="alarm-reach" tabindex="-1" data-refuge>${t("alarms.test.report")}, ${dateAndTime(report.started_at)}</h2>
    <p><strong>${reached(report)}</strong></p>
    ${report.again.length ? html`<p class="message">${icon("cut")}<span>${t("alarms.test.again")} <bdi class="foreign">${report.again.map(plain).join(", ")}</bdi></span></p>` : nothing}
    <table class="stored">
      <thead><tr>${["who", "result", "ways"].map((key) => html`<th scope="col">${t(`alarms.test.head.${key}`)}</th>`)}</tr></thead>
      <tbody>
        ${repeat(report.rows, ({ login }) => login, (row) => html`
          <tr data-reached=${row.reached ? "yes" : "no"}>
            <th scope="row" class="foreign" dir="auto">${row.name}</th>
            <td data-label=${t("alarms.test.head.result")}><span class=${row.reached ? "good" : "bad"}>${icon(row.reached ? "ok" : "cut")}
              ${wordFor(row.why)}${row.seconds === null ? nothing : t("alarms.test.after", { seconds: number(Math.round(row.seconds)) })}</span></td>
            <td data-label=${t("alarms.test.head.ways")}>${row.ways.map((way) => html`<span class="dotted">${way.number ? html`<span class="digits" dir="ltr">${way.number}</span>` : nothing}<span>${wordFor(way.outcome)}</span></span>`)}</td>
          </tr>`)}
      </tbody>
    </table>
    ${picture(report)}
  </section>`;

/** How many were reached, and why the others were not: of all on the list. */
function picture({ rows, people }) {
  const counts = new Map();
  for (const { why } of rows) counts.set(why, (counts.get(why) ?? 0) + 1);
  const bars = [...counts].sort(([, a], [, b]) => b - a).map(([why, count]) => ({
    label: `${wordFor(why)}: ${number(count)}`, parts: [[why === "acked" ? 0 : 1, 0, count]], cells: [number(count)],
  }));
  const kinds = [[0, t("picture.reached")], [1, t("picture.not_reached")]];
  const whole = (value) => (Number.isInteger(value) ? number(value) : "");
  return rows.length ? spans(t("picture.reach"), [t("alarms.test.head.result"), t("picture.people")], kinds, bars, [0, people], whole) : nothing;
}

const wordFor = (outcome) => t(knows(`alarms.call.${outcome}`) ? `alarms.call.${outcome}` : "alarms.call.over");
