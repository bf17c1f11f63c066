/** The screen Administration: what is wrong, links and books, people, tokens of all, rules; for auditors, who looked at what. */

import { AuditLog } from "./auditlog.js";
import { Checkup } from "./checkup.js";
import { Part } from "./part.js";
import { Staff } from "./staff.js";
import { TokensOfAll } from "./alltokens.js";
import { ask } from "./ask.js";
import { dateAndTime, knows, language, number, t } from "./i18n.js";
import { html, nothing } from "./vendor/lit.js";
import { icon } from "./icons.js";
import { kept } from "./stored.js";
import { table } from "./admintable.js";

export class AdminScreen {
  static id = "admin";
  #house;
  #admin;
  #auditor;

  constructor(house) {
    this.#house = house;
    this.#admin = [new Checkup(house), new State(house), new Staff(house), new TokensOfAll(house), new Rules(house)];
    this.#auditor = [new AuditLog(house)];
  }

  get #parts() {
    const roles = this.#house.user?.roles ?? [];
    return [...(roles.includes("admin") ? this.#admin : []), ...(roles.includes("auditor") ? this.#auditor : [])];
  }

  get hidden() {
    return !this.#parts.length;
  }

  enter() {
    this.#parts.forEach((part) => part.load());
  }

  leave() {
    this.#parts.forEach((part) => part.leave?.());
  }

  settle() {
    this.#parts.forEach((part) => part.settle?.());
  }

  view() {
    return this.hidden
      ? html`<p class="muted">${t("admin.not_yours")}</p>`
      : html`<div class="panels">${this.#parts.map((part) => part.view())}</div>`;
  }
}

/** Links to PBXes, address books, sources of alarms. */
class State extends Part {
  #state = null;

  load() {
    return this.attempt(async () => (this.#state = await ask("GET", "admin/state")), "admin");
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="admin-state">
        <h2 id="admin-state" tabindex="-1" data-refuge>${t("admin.state")}</h2>
        ${this.alert()}
        ${this.#state ? this.#shown(this.#state) : nothing}
      </section>`;
  }

  #shown({ pbxs, books, sources, names, version }) {
    return html`
      <p class="muted">${t("admin.state_hint", { version, names: number(names) })}</p>
      ${table("admin.pbxs", ["pbx", "where", "link"], pbxs, (one) => [
        one.id,
        html`<span dir="ltr">${one.host}:${one.port}</span>`,
        mark(one.live, t(one.live ? "admin.live" : "admin.down", { since: dateAndTime(one.since) })),
      ], { change: "[[pbx]]" })}
      ${table("admin.books", ["book", "scope", "read"], books, (one) => [
        one.label,
        scope(one.scope),
        one.why ? mark(false, t("admin.book_failed", { why: language() === "de" ? one.why_de : one.why })) : one.at ? mark(true, dateAndTime(one.at)) : t("admin.not_read"),
      ], { change: "[groupware], [[book]], [people] book" })}
      ${sources.length
        ? table("admin.sources", ["source", "place", "kind", "heartbeat"], sources, (one) => [
            one.label || one.name,
            one.place || "–",
            knows(`admin.kind.${one.kind}`) ? t(`admin.kind.${one.kind}`) : one.kind,
            one.heartbeat_every ? t("admin.seconds", { count: number(one.heartbeat_every) }) : t("admin.no_heartbeat"),
          ], { change: "[[source]]" })
        : nothing}`;
  }
}

/** Who may dial what and how long things are kept, as the configuration has it. */
class Rules extends Part {
  #rules = null;

  load() {
    return this.attempt(async () => (this.#rules = await ask("GET", "admin/rules")), "admin");
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="admin-rules">
        <h2 id="admin-rules" tabindex="-1" data-refuge>${t("admin.rules")}</h2>
        <p class="muted">${t("admin.rules_hint")}</p>
        ${this.alert()}
        ${this.#rules ? this.#shown(this.#rules) : nothing}
      </section>`;
  }

  #shown(rules) {
    const kinds = (some) => some.map((one) => t(`admin.number.${one}`)).join(", ") || t("admin.nothing");
    const rate = ({ minute, day }) => t("admin.rate", { minute: number(minute), day: number(day) });
    const dialling = [
      [t("admin.everybody"), kinds(rules.allow)],
      ...Object.entries(rules.allow_for).map(([who, some]) => [whom(who), kinds(some)]),
    ];
    const limits = [
      [t("admin.per_person"), rate(rules.per_person)],
      [t("admin.in_total"), rate(rules.in_total)],
      [t("admin.hours"), rules.hours],
    ];
    const given = (role) => {
      const words = Object.entries(rules.roles).filter(([, roles]) => roles.includes(role)).map(([word]) => whom(word));
      return role === "user" ? t("admin.everybody") : words.join(", ") || t("admin.nobody");
    };
    const listed = (words) => words.map(whom).join(", ") || t("admin.nobody");
    const keep = Object.entries(rules.keep).map(([what, days]) => [t(`admin.kept.${what}`), kept(days)]);
    return html`
      ${table("admin.dialling", ["who", "may_dial"], dialling, (row) => row, { change: "[dialling] allow, allow_for" })}
      ${table("admin.limits", ["what", "limit"], limits, (row) => row, { change: "[dialling] per_person, in_total, hours" })}
      ${table("admin.roles", ["role", "may", "given"], ROLES, (role) => [t(`role.${role}`), t(`admin.role.${role}`), given(role)], { change: "[people.roles]" })}
      ${rules.pickup.length
        ? table("admin.pickup", ["group", "takes", "of", "sees_caller"], rules.pickup, (one) => [
            one.name, listed(one.who), one.of.length ? listed(one.of) : t("admin.same"), t(one.peer ? "admin.yes" : "admin.no"),
          ], { change: "[[pickup]]" })
        : nothing}
      ${rules.queues.length
        ? table("admin.queues", ["queue", "sees", "logs_in", "manages"], rules.queues, (one) => [
            one.label, listed(one.who), listed(one.members), listed(one.manages),
          ], { change: "[[queue]]" })
        : nothing}
      ${table("admin.retention", ["what", "kept"], keep, (row) => row, { change: "[journal] keep_days, [journal.keep]" })}
      <p>${t(rules.presence ? "admin.presence" : "admin.presence_off")}</p>
      <p>${t(`admin.journal.${rules.journal}`)} ${rules.silent ? t("admin.silent", { count: number(rules.silent) }) : ""}</p>
      ${rules.longer_because ? html`<p>${t("admin.longer", { why: rules.longer_because })}</p>` : nothing}`;
  }
}

const ROLES = ["user", "switchboard", "plant", "alarm-manager", "admin", "auditor"];

/** A word of the configuration: department:Bauamt, group:IT, person:anna. */
const whom = (word) => {
  const [kind, name] = word.split(/:(.*)/s);
  return name && knows(`admin.whom.${kind}`) ? t(`admin.whom.${kind}`, { name }) : word;
};

const scope = (one) =>
  one.startsWith("group:") ? t("admin.scope.group", { group: one.slice("group:".length) }) : t(`admin.scope.${one}`);

/** Good or not, by drawing and word. */
const mark = (good, text) => html`<span class="mark">${icon(good ? "ok" : "cut")}<span class="foreign" dir="auto">${text}</span></span>`;
