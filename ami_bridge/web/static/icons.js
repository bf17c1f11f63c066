/** Small drawings beside words; never without the word. */

import { html, svg } from "./vendor/lit.js";

// Drawn on 24 x 24, as strokes in the colour of the text.
const HANDSET = svg`<path d="M5 4.5L8.5 4l1.5 4-2 1.8a11 11 0 0 0 6.2 6.2l1.8-2 4 1.5-.5 3.5C11 19.8 4.2 13 5 4.5z"/>`;
const drawings = {
  ringing: svg`<path d="M6 16.5V11a6 6 0 0 1 12 0v5.5l1.5 1.5h-15zM10 20.5h4M2.5 9A9 9 0 0 1 5 4.5M21.5 9A9 9 0 0 0 19 4.5"/>`,
  dialing: svg`${HANDSET}<path d="M14.5 8.5l5-5M15.5 3.5h4v4"/>`,
  answered: svg`${HANDSET}<path d="M14 7a4 4 0 0 1 3 3M14.5 3A8 8 0 0 1 21 9.5"/>`,
  held: svg`<circle cx="12" cy="12" r="9"/><path d="M9.8 8.5v7M14.2 8.5v7"/>`,
  parked: svg`<rect x="3.5" y="3.5" width="17" height="17" rx="3"/><path d="M9.5 17V7.5h3.5a2.75 2.75 0 0 1 0 5.5H9.5"/>`,
  queued: svg`<circle cx="12" cy="12" r="9"/><path d="M12 6.5V12l3.5 2"/>`,
  conference: svg`<circle cx="8.5" cy="8.5" r="3"/><path d="M2.5 19a6 6 0 0 1 12 0M15 5.7a3 3 0 0 1 0 5.6M17.5 14a6 6 0 0 1 4 5"/>`,
  ended: svg`<path d="M3.5 14.5c4.5-5 12.5-5 17 0"/><path d="M3.5 14.5l1.5 2.5 4-1.5v-3M20.5 14.5l-1.5 2.5-4-1.5v-3"/>`,
  missed: svg`<path d="M4 8l8 7 8-7M4 13V8h5"/>`,
  ok: svg`<circle cx="12" cy="12" r="9"/><path d="M7.8 12.3l3 3 5.5-6"/>`,
  waiting: svg`<path d="M20 12a8 8 0 1 1-2.4-5.7M20 3v4.5h-4.5"/>`,
  cut: svg`<path d="M12 3.5L22 20.5H2zM12 10v4.5M12 17.4v.1"/>`,
  person: svg`<circle cx="12" cy="8" r="4"/><path d="M4 20.5a8 8 0 0 1 16 0"/>`,
  leave: svg`<path d="M10 3.5H5.5a1.5 1.5 0 0 0-1.5 1.5v14a1.5 1.5 0 0 0 1.5 1.5H10M15 7.5l4.5 4.5-4.5 4.5M19.5 12H9.5"/>`,
  forward: svg`<path d="M4 18v-3.5A5.5 5.5 0 0 1 9.5 9H20M15.5 4.5L20 9l-4.5 4.5"/>`,
  note: svg`<path d="M4 20l1-4.5L16.5 4l3.5 3.5L8.5 19zM13.5 7l3.5 3.5"/>`,
  copy: svg`<rect x="8.5" y="8.5" width="12" height="12" rx="2"/><path d="M5.5 15.5h-.5a1.5 1.5 0 0 1-1.5-1.5V5A1.5 1.5 0 0 1 5 3.5h9A1.5 1.5 0 0 1 15.5 5v.5"/>`,
  record: svg`<circle cx="12" cy="12" r="9"/><circle cx="12" cy="12" r="3.5"/>`,
  stop: svg`<circle cx="12" cy="12" r="9"/><path d="M9 9h6v6H9z"/>`,
  private: svg`<rect x="5" y="10.5" width="14" height="10" rx="2"/><path d="M8 10.5V8a4 4 0 0 1 8 0v2.5"/>`,
  download: svg`<path d="M12 3.5v11M7.5 10.5L12 15l4.5-4.5M4.5 20h15"/>`,
  add: svg`<path d="M12 5v14M5 12h14"/>`,
  remove: svg`<path d="M6 6l12 12M18 6L6 18"/>`,
  colleague: svg`<rect x="4" y="4" width="16" height="16.5" rx="2"/><circle cx="12" cy="10.5" r="2.5"/><path d="M7.5 17.5a4.5 4.5 0 0 1 9 0"/>`,
  alarm: svg`<path d="M6.5 17v-4a5.5 5.5 0 0 1 11 0v4M4 20.5h16M5 17h14M12 4.5V2.5M5.2 7L3.8 5.6M18.8 7l1.4-1.4"/>`,
  returned: svg`<path d="M9 14L4 9l5-5M4 9h10a5.5 5.5 0 0 1 0 11h-3"/>`,
  test: svg`<path d="M9.5 3.5h5M10.5 3.5v6L5 18.5A1.5 1.5 0 0 0 6.3 20.5h11.4a1.5 1.5 0 0 0 1.3-2L13.5 9.5v-6M7.8 14.5h8.4"/>`,
  many: svg`<path d="M12 3.5l9 4.5-9 4.5L3 8zM3.5 12.5L12 16.5l8.5-4M3.5 16.5L12 20.5l8.5-4"/>`,
  quiet: svg`${HANDSET}`,
};

export const icon = (name) =>
  html`<svg class="drawing drawing-${name}" viewBox="0 0 24 24" aria-hidden="true" focusable="false">${drawings[name]}</svg>`;
