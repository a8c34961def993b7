"use strict";
// The description lies beside /docs, wherever this site is mounted. No request leaves the site:
// the online validator is off. Tokens are forgotten when the page is left.
const description = new URL("../openapi.json", document.currentScript.src);
window.addEventListener("DOMContentLoaded", () => {
  SwaggerUIBundle({
    url: description.href,
    dom_id: "#api",
    deepLinking: true,
    persistAuthorization: false,
    validatorUrl: null,
  });
});
