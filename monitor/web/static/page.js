// The dialog that asks first, and the word that the page has become old.
"use strict";

(() => {
  const dialog = document.getElementById("dialog");
  const connection = document.getElementById("connection");

  // The page is swapped whenever something changes: only a swap of the dialog itself may move the focus.
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail.ctx.target !== dialog) return;
    if (!dialog.open) dialog.showModal();
    dialog.querySelector("[autofocus]")?.focus();
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-close]")) dialog.close();
    if (event.target.closest("[data-back]")) {
      event.preventDefault();
      history.back();
    }
  });

  dialog.addEventListener("close", () => dialog.replaceChildren());

  // What goes wrong inside the dialog is said there.
  function outdated(event) {
    connection.hidden = dialog.contains(event.target);
  }

  document.addEventListener("htmx:after:request", () => { connection.hidden = true; });
  document.addEventListener("htmx:error", outdated);
  document.addEventListener("htmx:response:error", outdated);
})();
