/** What the doctor finds, worst first: what is wrong, and how to mend it. */

import { dateAndTime, language, number, t } from "./i18n.js";
import { html, nothing, repeat } from "./vendor/lit.js";
import { Part } from "./part.js";
import { ask } from "./ask.js";

const SIGNS = { error: "danger", warning: "warning", ok: "success" };

export class Checkup extends Part {
  #report = null;
  #spoken = "";

  async load() {
    const spoken = language();
    const went = await this.attempt(async () => {
      this.#report = await ask("GET", `admin/doctor?lang=${spoken}`);
    }, "admin");
    this.#spoken = spoken; // also where it failed, or it would be asked again for ever
    return went;
  }

  /** The findings come in words, so another language is another question. */
  settle() {
    if (this.#report && !this.busy && this.#spoken !== language()) this.load();
  }

  async #again() {
    if (await this.load()) this.house.say(this.#summary(this.#report));
  }

  #summary({ errors, warnings }) {
    return errors || warnings ? t("doctor.found", { errors: number(errors), warnings: number(warnings) }) : t("doctor.all_well");
  }

  view() {
    return html`
      <section class="panel" aria-labelledby="doctor" aria-busy=${this.busy ? "true" : "false"}>
        <h2 id="doctor" tabindex="-1" data-refuge>${t("doctor.title")}</h2>
        ${this.alert()}
        ${this.#report ? this.#shown(this.#report) : nothing}
        <p class="checkup-foot">
          <button type="button" class="kern-btn kern-btn--secondary" aria-disabled=${this.inert} @click=${() => this.#again()}>
            <span class="kern-label">${t(this.busy ? "doctor.looking" : "doctor.again")}</span>
          </button>
          ${this.#report ? html`<span class="muted">${t("doctor.at", { when: dateAndTime(this.#report.at) })}</span>` : nothing}
        </p>
      </section>`;
  }

  #shown(report) {
    const wrong = report.findings.filter(({ severity }) => severity !== "ok");
    const well = report.findings.filter(({ severity }) => severity === "ok");
    return html`
      <p class="checkup-sum">${this.#summary(report)}</p>
      ${wrong.length ? this.#list(wrong) : nothing}
      <details>
        <summary>${t("doctor.well", { count: number(well.length) })}</summary>
        ${this.#list(well)}
      </details>`;
  }

  #list(findings) {
    return html`<ul class="findings" role="list">
      ${repeat(findings, ({ code, what }) => `${code} ${what}`, ({ code, severity, what, do: cure }) => html`
        <li class="finding finding-${severity}">
          <span class="kern-icon kern-icon--${SIGNS[severity]}" aria-hidden="true"></span>
          <div>
            <p><strong>${t(`doctor.${severity}`)}:</strong> <span class="foreign" dir="auto">${what}</span></p>
            ${cure ? html`<p><span class="muted">${t("doctor.do")}</span> <span class="foreign" dir="auto">${cure}</span></p>` : nothing}
            <p class="muted finding-code" dir="ltr">${code}</p>
          </div>
        </li>`)}
    </ul>`;
  }
}
