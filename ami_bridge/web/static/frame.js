/** What stands around every screen: product, language, person, navigation, whether it is live. */

import { html, nothing } from "./vendor/lit.js";
import { language, number, t } from "./i18n.js";
import { icon } from "./icons.js";

export const PRODUCT = "ami_bridge";
const LANGUAGES = [["de", "Deutsch"], ["en", "English"]];

/** `user` and what belongs to it are missing while nobody is signed in. */
export function frame({ user, screens = [], current, badge, speak, goodbye, main }) {
  return html`
    <a class="skip" href="#main" @click=${skip}>${t("frame.skip")}</a>
    <header class="top">
      <div class="column top-line">
        <p class="brand"><img src="/static/icon.svg" alt="" width="32" height="32">${PRODUCT}</p>
        ${user ? connection(badge) : nothing}
        ${languages(speak)}
        ${user ? person(user, goodbye) : nothing}
      </div>
      ${user ? html`<div class="bar"><div class="column">${navigation(screens, current)}</div></div>` : nothing}
    </header>
    <main id="main" class="column" tabindex="-1">${main}</main>`;
}

/** The address names the screen, so it stays as it is. */
function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

const languages = (speak) => html`
  <div class="languages" role="group" aria-label=${t("frame.language")}>
    ${LANGUAGES.map(
      ([id, name]) => html`
        <button type="button" class="plain-button" lang=${id} aria-pressed=${language() === id ? "true" : "false"}
          @click=${() => speak(id)}>${name}</button>`,
    )}
  </div>`;

const person = (user, goodbye) => html`
  <div class="person">
    <p class="person-name">${icon("person")}<span class="unseen">${t("frame.signed_in_as")}</span>
      <span class="foreign" dir="auto">${user.name}</span></p>
    <button type="button" class="plain-button" @click=${goodbye}>${icon("leave")}${t("frame.sign_out")}</button>
  </div>`;

const navigation = (screens, current) => html`
  <nav aria-label=${t("frame.navigation")}>
    <ul role="list">
      ${screens.map(
        ({ id, screen }) => html`
          <li><a href="#/${id}" aria-current=${current === id ? "page" : nothing}>${t(`nav.${id}`)}${counted(id, screen.count)}</a></li>`,
      )}
    </ul>
  </nav>`;

const counted = (id, count) =>
  count ? html` <span class="count" aria-hidden="true">${number(count)}</span><span class="unseen">(${t(`nav.${id}.count`, { count: number(count) })})</span>` : nothing;

const connection = ({ kind, drawing, text }) =>
  html`<p class="badge badge-${kind}" id="badge">${icon(drawing)}<span>${text}</span></p>`;
