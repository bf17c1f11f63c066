/** Saying things to people who hear the page: several within a moment become one announcement. */

const TOGETHER_WITHIN = 150;
const KEPT_FOR = 10_000;

let waiting = [];
let later = 0;

export function say(text) {
  if (!text) return;
  waiting.push(text);
  clearTimeout(later);
  later = setTimeout(() => {
    const region = regionNow();
    region.textContent = waiting.join(" ");
    waiting = [];
    later = setTimeout(() => (region.textContent = ""), KEPT_FOR);
  }, TOGETHER_WITHIN);
}

/** While a dialog is open everything outside it is out of reach, for the ear too. */
const regionNow = () =>
  document.querySelector("dialog[open] .announcements") ?? document.getElementById("announcements");
