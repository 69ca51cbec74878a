// Keeps a page up to date: told by the service, or asking by itself while it is told nothing.
"use strict";

(() => {
  const ASK_MS = 4000;
  const AT_LEAST_MS = 30000; // also without news: times on the page go on
  const AGAIN_MS = 15000;
  let source = null;
  let asking = null;

  const tell = () => document.body.dispatchEvent(new CustomEvent("live-changed"));

  function ask(now) {
    if (now === (asking !== null)) return;
    if (now) asking = setInterval(tell, ASK_MS);
    else asking = clearInterval(asking) ?? null;
  }

  function open() {
    if (source || document.hidden) return;
    source = new EventSource("/events");
    source.addEventListener("open", () => ask(false));
    source.addEventListener("changed", tell);
    source.addEventListener("error", () => {
      ask(true);
      if (source?.readyState !== EventSource.CLOSED) return; // it tries again by itself
      close();
      setTimeout(open, AGAIN_MS);
    });
  }

  function close() {
    source?.close();
    source = null;
  }

  // A page that nobody looks at needs no news: browsers open only six connections to a server.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      close();
      ask(false);
      return;
    }
    open();
    tell();
  });

  addEventListener("pagehide", close);
  addEventListener("pageshow", open);
  setInterval(() => { if (!document.hidden) tell(); }, AT_LEAST_MS);
  open();
})();
