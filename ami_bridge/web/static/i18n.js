/** Texts, times and numbers in the language of the person who reads. */

/** The languages we speak, each with the country whose habits count where the browser names none. */
const LANGUAGES = { de: "de-DE", en: "en-GB" };
const REMEMBERED_AS = "ami-bridge.lang";

let lang = "de";
let texts = {};

export const language = () => lang;

/** The language with its country: 14:02 or 2:02 pm is the reader's habit. */
export const locale = () => navigator.languages.find((tag) => tag.startsWith(`${lang}-`)) ?? LANGUAGES[lang];

/** The remembered language, else the first one of the browser's that we speak, else German. */
export function preferred() {
  const wished = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase());
  return [remembered(), ...wished, "de"].find((tag) => Object.hasOwn(LANGUAGES, tag ?? ""));
}

export async function choose(wanted) {
  const answer = await fetch(`/static/i18n/${wanted}.json`);
  if (!answer.ok) throw new Error(`no texts for ${wanted}: ${answer.status}`);
  texts = await answer.json();
  lang = wanted;
  document.documentElement.lang = wanted;
}

export function remember(wanted) {
  try {
    localStorage.setItem(REMEMBERED_AS, wanted);
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
}

export function forget() {
  try {
    localStorage.removeItem(REMEMBERED_AS);
  } catch {
    // nothing was kept
  }
}

export function remembered() {
  try {
    return localStorage.getItem(REMEMBERED_AS);
  } catch {
    return null;
  }
}

/** The text of a key; `{name}` in it stands for a value. */
export function t(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

export const knows = (key) => key in texts;

const made = new Map(); // what formats, by locale and name: each costs more than a thousand uses

function formatter(name, make) {
  const key = `${locale()} ${name}`;
  return made.get(key) ?? made.set(key, make(locale())).get(key);
}

/** 14:02, on the reader's clock. */
export const timeOfDay = (when) =>
  formatter("time", (where) => new Intl.DateTimeFormat(where, { hour: "2-digit", minute: "2-digit" })).format(new Date(when));

/** Today 14:02, yesterday 14:02, 21/11/2026, 14:02. */
export function dateAndTime(when) {
  const [day, time] = [new Date(when), timeOfDay(when)];
  const days = Math.round((startOf(day) - startOf(new Date())) / 86_400_000);
  if (days === 0 || days === -1) return `${new Intl.RelativeTimeFormat(locale(), { numeric: "auto" }).format(days, "day")} ${time}`;
  return `${new Intl.DateTimeFormat(locale(), { dateStyle: "short" }).format(day)}, ${time}`;
}

const startOf = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate());

/** 1:05, or 1:02:07 from one hour on. */
export function duration(milliseconds) {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const whole = formatter("whole", (where) => new Intl.NumberFormat(where, { useGrouping: false }));
  const padded = formatter("padded", (where) => new Intl.NumberFormat(where, { minimumIntegerDigits: 2 }));
  const [h, m, s] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return h ? [whole.format(h), padded.format(m), padded.format(s)].join(":") : `${whole.format(m)}:${padded.format(s)}`;
}

export const number = (value) => formatter("number", (where) => new Intl.NumberFormat(where)).format(value);
