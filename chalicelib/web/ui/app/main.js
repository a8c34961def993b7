// Where the page begins: finish a sign-in under way, then show the page that the address names.
import { finishSignIn } from "./oidc.js";
import { siteConfig } from "./site.js";
import { applyTheme } from "./theme.js";
import { text } from "./strings.js";
import "../components/app-shell.js";

applyTheme();
const shell = document.querySelector("bi-app");
try {
  const config = await siteConfig();
  shell.isReady = true;
  if (await finishSignIn(config.oidc)) shell.proceed();
} catch (error) {
  if (shell.isReady) shell.message = text.signIn.failed(error.message);
  else shell.failure = error;
}
