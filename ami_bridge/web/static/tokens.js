/** The programs that may act for one: which there are, taking one back, and the code that lets a new one in. */

import { dateAndTime, timeOfDay, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Dialog } from "./dialog.js";
import { Part, smallButton } from "./part.js";
import { ask } from "./ask.js";
import { icon } from "./icons.js";
import { now } from "./clock.js";

export class Tokens extends Part {
  #tokens = null;
  #code = null;
  #over = 0;

  load() {
    return this.attempt(async () => ({ tokens: this.#tokens } = await ask("GET", "tokens")));
  }

  leave() {
    clearTimeout(this.#over);
    this.#code = null;
  }

  #revoke(token) {
    new Dialog(this.house, {
      title: () => t("tokens.revoke_sure", { name: token.name }),
      body: () => html`<p>${t("tokens.revoke_hint")}</p>`,
      submit: () => t("tokens.revoke"),
      danger: true,
      run: async () => {
        await ask("DELETE", `tokens/${token.id}`);
        this.#tokens = this.#tokens.filter((one) => one.id !== token.id);
        this.house.draw();
        this.house.say(t("tokens.revoked", { name: token.name }));
      },
    }).open();
  }

  async #pair() {
    if (!(await this.attempt(async () => (this.#code = await ask("POST", "pairing"))))) return;
    this.house.say(t("pairing.say", { code: [...this.#code.code].join(" ") }));
    clearTimeout(this.#over);
    this.#over = setTimeout(() => {
      this.#code = null;
      this.house.draw();
    }, Math.max(0, Date.parse(this.#code.expires) - now()));
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="tokens">
        <h2 id="tokens" tabindex="-1" data-refuge>${t("tokens.title")}</h2>
        <p class="muted">${t("tokens.hint")}</p>
        ${this.alert()}
        ${this.#tokens?.length ? html`<ul class="rows" role="list">${repeat(this.#tokens, ({ id }) => id, (one) => this.#row(one))}</ul>` : nothing}
        ${this.#tokens && !this.#tokens.length ? html`<p>${t("tokens.none")}</p>` : nothing}
        <p>${smallButton({ text: t("pairing.go"), drawing: icon("add"), click: () => this.#pair(), inert: this.inert })}</p>
        <div aria-live="off">${this.#code ? this.#pairing(this.#code) : nothing}</div>
      </section>`;
  }

  #row(token) {
    const used = token.last_used ? t("tokens.used", { when: dateAndTime(token.last_used) }) : t("tokens.unused");
    return html`
      <li class="row">
        <div class="row-main">
          <h3 class="foreign" dir="auto">${token.name}</h3>
          <p class="muted dotted">
            ${token.host ? html`<span class="foreign" dir="auto">${token.host}</span>` : nothing}
            <span>${used}</span><span>${t("tokens.until", { when: dateAndTime(token.expires) })}</span>
          </p>
          <p class="muted">${t("tokens.may", { what: token.scopes.map((scope) => t(`scope.${scope}`)).join(", ") })}</p>
        </div>
        ${smallButton({ text: t("tokens.revoke"), about: token.name, click: () => this.#revoke(token) })}
      </li>`;
  }

  #pairing({ code, expires }) {
    return html`
      <div class="message pairing">
        <p>${t("pairing.hint")}</p>
        <p class="pairing-code" dir="ltr">${code}</p>
        <p class="muted">${t("pairing.until", { time: timeOfDay(expires) })}</p>
      </div>`;
  }
}
