"use strict";

document.getElementById("base-url").textContent = location.origin;

/* Answers name their error as /docs/#error-CODE: give the rows of the table of codes those names. */
function nameErrorCodes() {
  for (const heading of document.querySelectorAll(".info h1, .info h2, .info h3")) {
    if (/^error codes$/i.test(heading.textContent.trim())) heading.id = "error-codes";
  }
  for (const code of document.querySelectorAll(".info td:first-child code")) {
    code.closest("tr").id = "error-" + code.textContent.trim();
  }
}

function goToError() {
  if (!location.hash.startsWith("#error-")) return;
  const place = document.getElementById(location.hash.slice(1));
  if (!place) return;
  for (const row of document.querySelectorAll("tr.wanted")) row.classList.remove("wanted");
  if (place.tagName === "TR") place.classList.add("wanted");
  place.scrollIntoView({ block: "center" });
}

window.addEventListener("hashchange", goToError);

window.ui = SwaggerUIBundle({
  url: "/api/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: true,
  displayRequestDuration: true,
  displayOperationId: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  validatorUrl: null,
  requestSnippetsEnabled: false,
  oauth2RedirectUrl: location.origin + "/docs",
  onComplete() {
    nameErrorCodes();
    goToError();
  },
});
