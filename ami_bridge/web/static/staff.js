/** Everybody who works here, with extensions and roles; found by beginnings of words. */

import { html, live, nothing } from "./vendor/lit.js";
import { knows, number, t } from "./i18n.js";
import { Part, moreButton } from "./part.js";
import { ask } from "./ask.js";
import { table } from "./admintable.js";

const AT_ONCE = 50;
const PAUSE = 250; // ms without a key before it asks

export class Staff extends Part {
  #page = null;
  #q = "";
  #asked = "";
  #later = 0;

  load() {
    return this.latest(() => this.#read(), "admin");
  }

  async #read() {
    this.#asked = this.#q;
    this.#page = await ask("GET", `admin/people?${query({ q: this.#asked.trim(), limit: AT_ONCE })}`);
  }

  leave() {
    clearTimeout(this.#later);
  }

  #search(text) {
    this.#q = text;
    clearTimeout(this.#later);
    this.#later = setTimeout(() => {
      this.latest(async () => {
        await this.#read();
        this.house.say(this.#count(this.#page));
      }, "admin");
    }, PAUSE);
  }

  async #more() {
    await this.attempt(async () => {
      const more = await ask("GET", `admin/people?${query({ q: this.#asked.trim(), after: this.#page.next, limit: AT_ONCE })}`);
      this.#page = { ...more, people: [...this.#page.people, ...more.people] };
    }, "admin");
  }

  #count = ({ total }) => t("admin.people_found", { count: number(total) });

  view() {
    return html`
      <section class="panel" aria-labelledby="admin-people">
        <h2 id="admin-people" tabindex="-1" data-refuge>${t("admin.people")}</h2>
        <label class="field narrow"><span>${t("admin.people_search")}</span>
          <input type="search" name="people" maxlength="100" spellcheck="false" autocomplete="off" .value=${live(this.#q)}
            @input=${(event) => this.#search(event.target.value)}></label>
        ${this.alert()}
        ${this.#page ? this.#shown(this.#page) : nothing}
      </section>`;
  }

  #shown(page) {
    const role = (one) => (knows(`role.${one}`) ? t(`role.${one}`) : one);
    return html`
      <p class="muted">${this.#count(page)}</p>
      ${page.people.length
        ? table("admin.people", ["person", "login", "department", "extension", "roles"], page.people, (one) => [
            one.name,
            one.login,
            one.department || "–",
            one.extensions.join(", ") || t("admin.none"),
            one.roles.map(role).join(", "),
          ], { quiet: true, change: "[people], [people.extensions], [people.roles]" })
        : nothing}
      ${page.next ? moreButton(t("admin.more"), () => this.#more(), this.inert) : nothing}`;
  }
}

const query = (wanted) => new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
