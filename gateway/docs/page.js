"use strict";

const page = document.getElementById("swagger-ui");
const button = document.getElementById("conventions");
document.getElementById("base-url").textContent = location.origin;

function fold(folded) {
  page.classList.toggle("folded", folded);
  button.setAttribute("aria-expanded", String(!folded));
}

button.addEventListener("click", () => fold(!page.classList.contains("folded")));

/* Answers name their error as /docs/#error-CODE: give the rows of the table of codes those names. */
function nameErrorCodes() {
  const codes = document.querySelectorAll(".info td:first-child code");
  for (const code of codes) code.closest("tr").id = "error-" + code.textContent.trim();
  if (codes.length) codes[0].closest("table").id = "error-codes";
  return codes.length > 0;
}

function goToError(hash) {
  if (!hash.startsWith("#error-")) return;
  const place = document.getElementById(hash.slice(1));
  if (!place) return;
  fold(false);
  for (const row of document.querySelectorAll("tr.wanted")) row.classList.remove("wanted");
  if (place.tagName === "TR") place.classList.add("wanted");
  place.scrollIntoView({ block: place.tagName === "TR" ? "center" : "start" });
}

const firstHash = location.hash; // Swagger UI drops one that names no operation

function whenDrawn(tries) {
  if (nameErrorCodes()) goToError(firstHash);
  else if (tries > 0) setTimeout(whenDrawn, 100, tries - 1);
}

window.addEventListener("hashchange", () => goToError(location.hash));

SwaggerUIBundle({
  url: "/api/openapi.json",
  domNode: page,
  deepLinking: true,
  tryItOutEnabled: true,
  displayRequestDuration: true,
  displayOperationId: true,
  filter: true,
  docExpansion: "list",
  defaultModelsExpandDepth: 0,
  defaultModelExpandDepth: 3,
  validatorUrl: null,
  onComplete: () => whenDrawn(50),
});
