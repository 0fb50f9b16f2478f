/* The form of a schedule: once or by a rule, ready-made rules, and a draft from a composer. */
(() => {
  "use strict";
  const form = document.querySelector("[data-schedule-form]");
  if (!form) return;
  const announce = () => form.querySelector("#when").dispatchEvent(new Event("change", { bubbles: true }));
  const choose = () => {
    const chosen = form.querySelector("[data-when]:checked")?.dataset.when;
    for (const part of form.querySelectorAll("[data-part]")) {
      part.hidden = part.dataset.part !== chosen;
      for (const field of [part, ...part.querySelectorAll("input")]) field.disabled = part.hidden;
    }
  };
  form.addEventListener("change", (event) => {
    if (event.target.matches("[data-when]")) choose();
  });
  for (const chips of form.querySelectorAll("[data-chips]")) chips.hidden = false;
  form.addEventListener("click", (event) => {
    const chip = event.target.closest("[data-fill]");
    if (!chip) return;
    form.elements.cron.value = chip.dataset.fill;
    form.elements.cron.focus();
    announce();
  });

  // What was begun in a composer goes on here, and is forgotten there once it is scheduled.

  const wanted = new URLSearchParams(location.search).get("to");
  const draft = `draft ${wanted}`;
  if (wanted) {
    form.elements.body.value ||= sessionStorage.getItem(draft) || "";
    form.elements.body.focus({ preventScroll: true });
    form.addEventListener("htmx:afterRequest", (event) => {
      if (event.target === form && event.detail.successful) sessionStorage.removeItem(draft);
    });
  }
  choose();
})();
