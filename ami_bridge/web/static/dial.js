/** The page that asks before it dials: a page that is trusted need not ask, and nobody presses twice. */

const form = document.querySelector("form");
const button = form?.querySelector("button");

form?.addEventListener("submit", () => {
  button.disabled = true;
});
if (form?.dataset.atOnce !== undefined) form.requestSubmit();
