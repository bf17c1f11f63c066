/** Pictures of numbers, drawn as SVG without a style of its own (the CSP allows none), each with its table beside it. */

import { html, nothing, svg } from "./vendor/lit.js";
import { number, t, timeOfDay } from "./i18n.js";

const STEPS = [1, 2, 5];
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The smallest round number above. */
function roof(value) {
  for (let ten = 1; ; ten *= 10) {
    const found = STEPS.find((step) => step * ten >= value);
    if (found) return found * ten;
  }
}

const box = (kind, [x, y, width, height]) => svg`<rect class="kind-${kind}" x=${x} y=${y} width=${width} height=${height} vector-effect="non-scaling-stroke"/>`;

const legend = (kinds) => html`<ul class="legend" role="list">${kinds.map(([kind, name]) => html`
  <li><svg class="chart" viewBox="0 0 14 14" aria-hidden="true">${box(kind, [1, 1, 12, 12])}</svg>${name}</li>`)}</ul>`;

/** What is drawn is told in one sentence; who wants the numbers opens the table. */
const figure = (title, sentence, drawing, kinds, heads, rows) => html`
  <figure class="picture">
    <figcaption>${title}</figcaption>
    <div class="drawing-area" role="img" aria-label="${title}. ${sentence}">${drawing}</div>
    ${legend(kinds)}
    <details><summary>${t("picture.table")}<span class="unseen">: ${title}</span></summary>
      <table class="stored">
        <thead><tr>${heads.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
        <tbody>${rows.map(([first, ...others]) => html`
          <tr><th scope="row"><span class="foreign" dir="auto">${first}</span></th>
            ${others.map((cell, at) => html`<td data-label=${heads[at + 1]}><span class="foreign" dir="auto">${cell}</span></td>`)}</tr>`)}</tbody>
      </table></details>
  </figure>`;

/** Columns, one part on the other: `series` are `[kind, name]`, each of `some` has a `label`, perhaps a `mark`, and `values`. */
export function columns(title, first, series, some) {
  const sum = (values) => values.reduce((all, one) => all + one, 0);
  const most = roof(Math.max(1, ...some.map(({ values }) => sum(values))));
  const each = 100 / some.length;
  const column = ({ values }, at) => {
    let top = 100;
    return values.map((value, index) => {
      top -= (value / most) * 100;
      return value ? box(series[index][0], [(at + 0.14) * each, top, 0.72 * each, (value / most) * 100]) : nothing;
    });
  };
  const sums = series.map(([kind, name], index) => [kind, `${name}: ${number(sum(some.map(({ values }) => values[index])))}`]);
  return figure(
    title,
    sums.map(([, text]) => text).join(", "),
    html`<p class="axis"><span>${number(most)}</span></p>
      <svg class="chart columns" viewBox="0 0 100 100" preserveAspectRatio="none" aria-hidden="true">${some.map(column)}</svg>
      <p class="axis">${some.filter(({ mark }) => mark).map(({ mark }) => html`<span>${mark}</span>`)}</p>`,
    sums,
    [first, ...series.map(([, name]) => name)],
    some.map(({ label, values }) => [label, ...values.map((one) => number(one))]),
  );
}

/** Bars from here to there: each of `rows` has a `label`, `parts` as `[kind, from, to]`, and `cells` for the table. */
export function spans(title, heads, kinds, rows, [from, to], shown = timeOfDay) {
  const at = (value) => Math.min(1, Math.max(0, (value - from) / (to - from))) * 100;
  return figure(
    title,
    rows.map(({ label, cells }) => [label, ...cells].join(", ")).slice(0, 5).join("; "),
    html`<div class="spans">${rows.map(({ label, parts }) => html`
        <p class="foreign" dir="auto">${label}</p>
        <svg class="chart" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          ${parts.map(([kind, begin, end]) => box(kind, [at(begin), 1, Math.max(0.4, at(end) - at(begin)), 8]))}</svg>`)}
      </div>
      <p class="axis">${TICKS.map((part) => html`<span>${shown(from + part * (to - from))}</span>`)}</p>`,
    kinds,
    heads,
    rows.map(({ label, cells }) => [label, ...cells]),
  );
}
