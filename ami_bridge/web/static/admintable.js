/** A table of the administration. */

import { html, nothing } from "./vendor/lit.js";
import { t } from "./i18n.js";

/**
 * A table whose first column names the row; narrow, each row is a small list.
 * `quiet`: its title stands above already.
 * `change`: under which keys of the configuration it stands, for who is to change it.
 */
export const table = (title, columns, rows, cells, { quiet = false, change = "" } = {}) => html`
  <table class="stored">
    <caption class=${quiet ? "unseen" : nothing}>${t(title)}</caption>
    <thead><tr>${columns.map((one) => html`<th scope="col">${t(`admin.col.${one}`)}</th>`)}</tr></thead>
    <tbody>
      ${rows.map((row) => {
        const [first, ...others] = cells(row);
        return html`<tr>
          <th scope="row"><span class="foreign" dir="auto">${first}</span></th>
          ${others.map((cell, at) => html`<td data-label=${t(`admin.col.${columns[at + 1]}`)}><span class="foreign" dir="auto">${cell}</span></td>`)}
        </tr>`;
      })}
    </tbody>
  </table>
  ${change ? html`<p class="muted admin-change">${t("admin.change")} <code translate="no" dir="ltr">${change}</code></p>` : nothing}`;
