/** The sign-in screen, and the three questions about who is signed in. */

import { Refusal, ask, inWords } from "./ask.js";
import { html, nothing } from "./vendor/lit.js";
import { t } from "./i18n.js";

/** The person who is signed in, or null; throws when nobody can tell. */
export async function whoAmI() {
  try {
    return await ask("GET", "me");
  } catch (error) {
    if (error instanceof Refusal && error.status === 401) return null;
    throw error;
  }
}

let ways = {}; // how one can sign in besides

/** Learn how one can sign in besides by a password. */
export async function learnWays() {
  ways = await ask("GET", "sign-in").catch(() => ways);
}

export const signIn = (user, password) => ask("POST", "session", { user, password });

/** Being signed out already is as good. */
export async function signOut() {
  try {
    await ask("DELETE", "session");
  } catch (error) {
    if (!(error instanceof Refusal && error.status === 401)) throw error;
  }
}

/** Why it did not work, in words a person can act on. */
export function explain(error) {
  if (!(error instanceof Refusal)) return t("signin.no_server");
  if (error.status === 401) return t("signin.wrong");
  if (error.status === 429) return t("signin.too_often", { seconds: error.retryAfter ?? "60" });
  if (error.code === "not_allowed") return t("signin.not_allowed");
  if (error.code === "unavailable") return t("signin.no_groupware");
  if (error.code === "internal") return inWords(error);
  return t("signin.failed", { why: error.message });
}

/** `form` holds `busy`, `error` (a sentence) and `wrong` (whether the two fields are to blame). */
export function signInScreen({ form, notice, submit }) {
  const invalid = form.wrong ? "true" : nothing;
  const why = form.error ? "signin-error" : nothing;
  return html`
    <div class="signin">
      <h1 tabindex="-1">${t("signin.title")}</h1>
      <p class="muted">${t("signin.hint")}</p>
      <div role="alert">
        ${form.error
          ? html`<p id="signin-error" class="message message-danger"><span class="kern-icon kern-icon--danger" aria-hidden="true"></span>${form.error}</p>`
          : notice
            ? html`<p class="message"><span class="kern-icon kern-icon--info" aria-hidden="true"></span>${notice}</p>`
            : nothing}
      </div>
      <form @submit=${submit} aria-busy=${form.busy ? "true" : "false"}>
        <div class="kern-form-input">
          <label class="kern-label" for="user">${t("signin.user")}</label>
          <input class="kern-form-input__input" id="user" name="user" type="text" required maxlength="256"
            autocomplete="username" autocapitalize="none" spellcheck="false" aria-invalid=${invalid} aria-describedby=${why}>
        </div>
        <div class="kern-form-input">
          <label class="kern-label" for="password">${t("signin.password")}</label>
          <input class="kern-form-input__input" id="password" name="password" type="password" required maxlength="1024"
            autocomplete="current-password" aria-invalid=${invalid} aria-describedby=${why}>
        </div>
        <button class="kern-btn kern-btn--primary" type="submit" aria-disabled=${form.busy ? "true" : nothing}>
          <span class="kern-label">${t("signin.go")}</span>
        </button>
      </form>
      ${ways.kerberos ? html`<a class="kern-btn kern-btn--secondary" href="/api/v1/sign-in/kerberos"><span class="kern-label">${t("signin.with", { who: ways.kerberos })}</span></a>` : nothing}
      ${ways.oidc ? html`<a class="kern-btn kern-btn--secondary" href="/api/v1/sign-in/oidc"><span class="kern-label">${t("signin.with", { who: ways.oidc })}</span></a>` : nothing}
    </div>`;
}
