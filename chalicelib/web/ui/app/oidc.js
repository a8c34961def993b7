// Sign-in: OpenID Connect, authorization code with PKCE (RFC 7636). No secret is needed or kept.
import { session } from "./session.js";

const KEY = "bi.sign-in";

export class SignInFailed extends Error {}

/** Leave for the identity provider; the page comes back to where it is. */
export async function startSignIn(oidc) {
  const provider = await discovered(oidc);
  const attempt = { state: random(), verifier: random(), nonce: random(), fragment: location.hash };
  sessionStorage.setItem(KEY, JSON.stringify(attempt));
  const url = new URL(provider.authorization_endpoint);
  url.search = new URLSearchParams({
    response_type: "code",
    client_id: oidc.client_id,
    redirect_uri: redirectUri(),
    scope: oidc.scope,
    state: attempt.state,
    nonce: attempt.nonce,
    code_challenge: await challengeOf(attempt.verifier),
    code_challenge_method: "S256",
  });
  location.assign(url);
}

/** If the address carries the provider's answer, finish and say true. Throws SignInFailed. */
export async function finishSignIn(oidc) {
  const answer = new URLSearchParams(location.search);
  if (!answer.has("state")) return false;
  const attempt = JSON.parse(sessionStorage.getItem(KEY) ?? "{}");
  sessionStorage.removeItem(KEY);
  // The code leaves the address before anything else happens, so that no history keeps it.
  history.replaceState(null, "", location.pathname + backTo(attempt.fragment));
  if (!oidc || answer.get("state") !== attempt.state) throw new SignInFailed("state");
  if (answer.has("error")) throw new SignInFailed(answer.get("error_description") ?? answer.get("error"));
  const token = await exchanged(oidc, answer.get("code"), attempt.verifier);
  session.add(token);
  if (session.get("user")?.claims.nonce !== attempt.nonce) {
    session.forget("user");
    throw new SignInFailed("nonce");
  }
  return true;
}

async function exchanged(oidc, code, verifier) {
  const provider = await discovered(oidc);
  const answer = await jsonOf(provider.token_endpoint, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "authorization_code",
      client_id: oidc.client_id,
      redirect_uri: redirectUri(),
      code,
      code_verifier: verifier,
    }),
  });
  if (!answer.id_token) throw new SignInFailed(answer.error_description ?? answer.error ?? "id_token");
  return answer.id_token;
}

/** Get a token for an experiment by its name, where the site offers that (the local stack). */
export async function experimentToken(url, experiment, project) {
  const body = new URLSearchParams({ kind: "experiment", experiment, project });
  const answer = await jsonOf(url, { method: "POST", body });
  if (!answer.token) throw new SignInFailed(answer.error_description ?? "token");
  return answer.token;
}

const discovered = (oidc) => jsonOf(oidc.discovery_url);
const redirectUri = () => `${location.origin}${document.documentElement.dataset.base}/ui`;
const backTo = (fragment) => (fragment && fragment !== "#/sign-in" ? fragment : "#/");

async function jsonOf(url, options) {
  try {
    return await (await fetch(url, { ...options, credentials: "omit", referrerPolicy: "no-referrer" })).json();
  } catch {
    throw new SignInFailed(new URL(url).origin);
  }
}

function random() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

async function challengeOf(verifier) {
  return base64url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier))));
}

const base64url = (bytes) =>
  btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
