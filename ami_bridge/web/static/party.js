/** The other party as it is shown: name, number, organisation, who else it could be. */

import { html, nothing } from "./vendor/lit.js";
import { knows, number, t } from "./i18n.js";
import { numberOf } from "./words.js";

/** What stands below a name: organisation, number, why this name. */
export function underName(peer, title) {
  const digits = numberOf(peer);
  const parts = [
    peer.org && html`<span class="foreign" dir="auto">${peer.org}</span>`,
    digits && digits !== title && html`<span class="digits foreign" dir="ltr">${digits}</span>`,
    peer.name && digits && knows(`kind.${peer.kind}`) && html`<span>${t(`kind.${peer.kind}`)}</span>`,
    digits && !peer.name && html`<span>${t("calls.no_name")}</span>`,
    knows(`reason.${peer.reason}`) && html`<span class="reason">${t(`reason.${peer.reason}`)}</span>`,
    /^https?:/.test(peer.link) && html`<a href=${peer.link} target="_blank" rel="noreferrer">${t("calls.page")}</a>`,
    peer.source && html`<span class="foreign" dir="auto">${t("calls.source", { source: peer.source })}</span>`,
  ].filter(Boolean);
  return parts.length ? html`<p class="call-peer">${parts}</p>` : nothing;
}

/** Everybody who has the number; a click says who it is, and the daemon remembers it for this person. */
export function hits(peer, choose) {
  if (!(peer.matches > 1)) return nothing;
  const names = peer.names ?? [];
  const more = peer.matches - names.length;
  return html`
    <div class="hits">
      <span>${t(names.length ? "calls.hits" : "calls.matches", { count: number(peer.matches) })}</span>
      ${names.map((name, at) => hit(name, peer, peer.refs?.[at], choose))}
      ${names.length && more > 0 ? html`<span>${t("calls.more", { count: number(more) })}</span>` : nothing}
      ${choose && peer.reason === "choice"
        ? html`<button type="button" class="plain-button" @click=${() => choose(peer, null)}>${t("calls.choose_again")}</button>`
        : nothing}
    </div>`;
}

function hit(name, peer, ref, choose) {
  const shown = html`<bdi>${name}</bdi>`;
  if (!choose || !ref) return html`<span class="hit">${shown}</span>`;
  const chosen = peer.reason === "choice" && peer.ref === ref;
  return html`<button type="button" class="plain-button hit" aria-pressed=${chosen ? "true" : "false"}
    @click=${() => choose(peer, ref)}>${shown}</button>`;
}

// Each piece from outside stands in a <bdi> of its own: a name cannot move the number that follows it.
export const alone = (text) => html`<bdi>${text}</bdi>`;
export const both = (name, digits) => html`<bdi>${name}</bdi> <span class="in-brackets">(<bdi>${digits}</bdi>)</span>`;

export function withNumber(peer) {
  const digits = numberOf(peer);
  return peer.name && digits ? both(peer.name, digits) : alone(peer.name || digits || t("calls.withheld"));
}
