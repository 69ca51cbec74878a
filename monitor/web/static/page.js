// The dialog that asks first, and the word that the page has become old.
"use strict";

const dialog = document.getElementById("dialog");
const connection = document.getElementById("connection");

document.addEventListener("htmx:after:swap", () => {
  const filled = dialog.childElementCount > 0;
  if (filled && !dialog.open && dialog.dataset.asked === "yes") dialog.showModal();
  if (dialog.open) dialog.querySelector("[autofocus]")?.focus();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("#roll-back")) dialog.dataset.asked = "yes";
  if (event.target.closest("[data-close]")) dialog.close();
});

dialog.addEventListener("close", () => {
  dialog.dataset.asked = "no";
  dialog.replaceChildren();
});

document.addEventListener("htmx:after:request", () => { connection.hidden = true; });
document.addEventListener("htmx:error", () => { connection.hidden = false; });
document.addEventListener("htmx:response:error", () => { connection.hidden = false; });
