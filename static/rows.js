/* Single messages: drawn again when they changed, and edited where they stand. */
(() => {
  "use strict";
  const body = document.body;

  // A message that changed is drawn again, but not under somebody's hands.

  const stale = new Set();
  const busy = (row) => row.querySelector("[data-editing], details[open]");
  const redraw = () => {
    if (document.hidden) return;
    for (const topic of stale) {
      const rows = [...document.querySelectorAll(`[data-row="${topic}"]`)];
      if (!rows.some(busy)) stale.delete(topic);
      for (const row of rows) if (!busy(row)) htmx.trigger(row, "refresh");
      const letter = document.querySelector(`[data-letter="${topic}"]`);
      if (letter) htmx.trigger(letter.closest("[data-follows]"), "refresh");
    }
  };
  const redrawSoon = () => {
    clearTimeout(redraw.timer);
    if (stale.size) redraw.timer = setTimeout(redraw, 80);
  };
  body.addEventListener("told", ({ detail }) => {
    for (const topic of detail.topics) if (topic.startsWith("message-")) stale.add(topic);
    redrawSoon();
  });
  body.addEventListener("toggle", redrawSoon, true);
  document.addEventListener("visibilitychange", redrawSoon);

  body.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (detail.successful && target.matches("#rail [data-closes-rail]")) {
      document.querySelector("#rail [data-close-rail]").click();
    }
  });

  body.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    const menu = detail.successful && target.matches("[data-closes-menu]") && target.closest("details");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  });

  body.addEventListener("click", ({ target }) => {
    const menu = target.closest(".menu-list a")?.closest("details");
    if (menu) setTimeout(() => { menu.open = false; });
  });

  // Editing: Enter saves, Escape leaves the text as it was

  const leave = (form) => {
    const row = form.closest("[data-row]");
    if (!row) return;
    form.removeAttribute("data-editing");
    row.focus();
    htmx.trigger(row, "refresh");
  };
  body.addEventListener("htmx:load", ({ detail: { elt } }) => {
    const field = elt.querySelector?.("[data-editing] textarea");
    if (!field) return;
    field.focus();
    field.setSelectionRange(field.value.length, field.value.length);
  });
  body.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (target.matches("[data-editing]") && detail.successful) leave(target);
  });
  body.addEventListener("click", (event) => {
    const form = event.target.closest("[data-cancel]")?.closest("li [data-editing]");
    if (!form) return;
    event.preventDefault();
    leave(form);
  });
  body.addEventListener("keydown", (event) => {
    const form = event.target.closest?.("li [data-editing]");
    if (!form || !event.target.matches("textarea")) return;
    if (event.key === "Escape") leave(form);
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      form.requestSubmit();
    }
  });
})();
