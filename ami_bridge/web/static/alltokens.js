/** Programs of everybody: which there are, and taking one back. When somebody used one last is not shown. */

import { dateAndTime, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Part, moreButton, smallButton } from "./part.js";
import { Dialog } from "./dialog.js";
import { ask } from "./ask.js";

const AT_ONCE = 50;

export class TokensOfAll extends Part {
  #tokens = null;
  #next = null;
  #login = "";

  /** The list is asked for by a press, since looking at it is written down. */
  load() {
    return Promise.resolve();
  }

  leave() {
    [this.#tokens, this.#next] = [null, null];
  }

  async #show(event) {
    event.preventDefault();
    this.#login = event.target.elements.login.value.trim();
    const went = await this.attempt(async () => {
      ({ tokens: this.#tokens, next: this.#next } = await ask("GET", `admin/tokens?${this.#query()}`));
    }, "admin");
    if (went) this.house.say(this.#tokens.length ? t("admin.tokens_shown") : t("admin.tokens_none"));
  }

  #query(after = "") {
    const wanted = { limit: AT_ONCE, login: this.#login, after };
    return new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  }

  #more() {
    return this.attempt(async () => {
      const { tokens, next } = await ask("GET", `admin/tokens?${this.#query(this.#next)}`);
      [this.#tokens, this.#next] = [[...this.#tokens, ...tokens], next];
    }, "admin");
  }

  #revoke(token) {
    const names = { name: token.name, login: token.login };
    new Dialog(this.house, {
      title: () => t("admin.revoke_sure", names),
      body: () => html`<p>${t("admin.revoke_hint")}</p>`,
      submit: () => t("tokens.revoke"),
      danger: true,
      run: async () => {
        await ask("DELETE", `admin/tokens/${token.id}`);
        this.#tokens &&= this.#tokens.filter((one) => one.id !== token.id); // it may be put away by now
        this.house.draw();
        this.house.say(t("admin.revoked", names));
      },
    }).open();
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="admin-tokens">
        <h2 id="admin-tokens" tabindex="-1" data-refuge>${t("admin.tokens")}</h2>
        <p class="muted">${t("admin.tokens_hint")}</p>
        <form class="admin-ask" @submit=${(event) => this.#show(event)}>
          <label class="field"><span>${t("admin.tokens_of")}</span>
            <input name="login" maxlength="100" spellcheck="false" autocomplete="off" autocapitalize="none"></label>
          <button type="submit" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert}>
            <span class="kern-label">${t("admin.show")}</span></button>
        </form>
        ${this.alert()}
        ${this.#tokens?.length ? html`<ul class="rows" role="list">${repeat(this.#tokens, ({ id }) => id, (one) => this.#row(one))}</ul>` : nothing}
        ${this.#tokens && !this.#tokens.length ? html`<p>${t("admin.tokens_none")}</p>` : nothing}
        ${this.#next ? moreButton(t("admin.more"), () => this.#more(), this.inert) : nothing}
      </section>`;
  }

  #row(token) {
    return html`
      <li class="row">
        <div class="row-main">
          <h3><span class="foreign" dir="auto">${token.login}</span>: <span class="foreign" dir="auto">${token.name}</span></h3>
          <p class="muted dotted">
            ${token.host ? html`<span class="foreign" dir="auto">${token.host}</span>` : nothing}
            <span>${t("tokens.until", { when: dateAndTime(token.expires) })}</span>
            ${token.unused ? html`<span>${t("admin.unused")}</span>` : nothing}
            ${token.broker ? html`<span>${t("admin.by_broker")}</span>` : nothing}
          </p>
          <p class="muted">${t("tokens.may", { what: token.scopes.map((scope) => t(`scope.${scope}`)).join(", ") })}</p>
        </div>
        ${smallButton({ text: t("tokens.revoke"), about: `${token.login}: ${token.name}`, click: () => this.#revoke(token) })}
      </li>`;
  }
}
