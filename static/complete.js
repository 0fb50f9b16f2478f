/* Completion of @handles and #channels in a composer: a list box that the arrow keys move in. */
(() => {
  "use strict";
  const body = document.body;
  const NAME = /(?:^|[\s(])([@#][\w.-]*)$/;
  const listOf = (field) => document.getElementById(field.dataset.completes);
  const options = (list) => [...list.querySelectorAll("[role=option]")];
  let asked = null;

  const close = (field) => {
    asked?.abort();
    listOf(field).replaceChildren();
    field.removeAttribute("aria-activedescendant");
  };
  const pick = (field, list, index) => {
    const all = options(list);
    const chosen = all[(index + all.length) % all.length];
    all.forEach((option, at) => {
      option.id = `${list.id}-${at}`;
      option.setAttribute("aria-selected", String(option === chosen));
    });
    field.setAttribute("aria-activedescendant", chosen.id);
  };
  const suggest = async (field) => {
    const found = NAME.exec(field.value.slice(0, field.selectionStart));
    if (!found || found[1].length < 2) {
      close(field);
      return;
    }
    asked?.abort();
    asked = new AbortController();
    try {
      const query = new URLSearchParams({ q: found[1] });
      const answer = await fetch(`/complete/?${query}`, { headers: { "HX-Request": "true" }, signal: asked.signal });
      if (!answer.ok) return;
      const list = listOf(field);
      list.innerHTML = await answer.text(); // our own server's escaped fragment
      if (options(list).length) pick(field, list, 0);
    } catch {
      // a newer question took its place, or the server is away: there is nothing to suggest
    }
  };
  const accept = (field, option) => {
    const before = field.value.slice(0, field.selectionStart);
    const start = before.length - NAME.exec(before)[1].length;
    field.setRangeText(`${option.dataset.insert} `, start, field.selectionStart, "end");
    close(field);
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  };

  body.addEventListener("input", ({ target: field }) => {
    if (field.dataset?.completes) suggest(field);
  });
  body.addEventListener("keydown", (event) => {
    const field = event.target;
    const list = field.dataset?.completes && listOf(field);
    const all = list ? options(list) : [];
    if (!all.length) return;
    const at = all.findIndex((option) => option.getAttribute("aria-selected") === "true");
    const keys = {
      ArrowDown: () => pick(field, list, at + 1),
      ArrowUp: () => pick(field, list, at - 1),
      Enter: () => accept(field, all[at]),
      Tab: () => accept(field, all[at]),
      Escape: () => close(field),
    };
    if (keys[event.key] && !event.shiftKey) {
      event.preventDefault();
      event.stopPropagation();
      keys[event.key]();
    }
  }, { capture: true });
  body.addEventListener("mousedown", (event) => {
    const option = event.target.closest("[data-insert]");
    if (!option) return;
    event.preventDefault();
    accept(body.querySelector(`[data-completes="${option.parentElement.id}"]`), option);
  });
  body.addEventListener("focusout", ({ target: field }) => {
    if (field.dataset?.completes) close(field);
  });
})();
