/* Tasks: a page of them is brought up to date piece by piece, and cards move by hand and by key.

   In a region with data-merges each [data-part] and each child of a [data-list] is replaced only
   where its HTML differs: focus, open menus and what is being typed stay as they are. */
(() => {
  "use strict";
  const body = document.body;
  const LATER = 3000; // what is in use is looked at again after this time
  const SECRET = /(name="csrfmiddlewaretoken" value=")[^"]*/g;
  const FOCUSABLE = "a, button, summary, input, textarea, select";
  const served = new WeakMap();
  const plain = (element) => element.outerHTML.replace(SECRET, "$1");
  const pieces = (root) => root.querySelectorAll("[data-part], [data-list] > *");
  for (const piece of pieces(document)) served.set(piece, plain(piece));

  // Merging

  const typed = (field) => field.type === "checkbox" ? field.checked !== field.defaultChecked
    : field.type !== "hidden" && field.tagName !== "SELECT" && field.value !== field.defaultValue;
  const busy = (piece) => piece.querySelector("details.menu[open]") || piece.matches(".moving, .dragged") ||
    [...piece.querySelectorAll("input, textarea, select")].some(typed);
  const focusIn = (piece) => {
    const here = document.activeElement;
    if (here === piece) return -1;
    return piece.contains(here) ? [...piece.querySelectorAll(FOCUSABLE)].indexOf(here) : null;
  };
  const focusAgain = (piece, place) => {
    if (place === null) return;
    const target = place < 0 ? piece : piece.querySelectorAll(FOCUSABLE)[place];
    target?.focus({ preventScroll: true });
  };
  const adopt = (fresh) => {
    const piece = document.importNode(fresh, true);
    served.set(piece, plain(fresh));
    return piece;
  };
  const renew = (old, fresh, region) => {
    if (served.get(old) === plain(fresh)) return old;
    if (busy(old)) {
      clearTimeout(region.laterTimer);
      region.laterTimer = setTimeout(() => htmx.trigger(region, "refresh"), LATER);
      return old;
    }
    const open = [...old.querySelectorAll("details[id][open]")].map((details) => details.id);
    const place = focusIn(old);
    const piece = adopt(fresh);
    old.replaceWith(piece);
    for (const details of piece.querySelectorAll("details[id]")) details.open ||= open.includes(details.id);
    htmx.process(piece);
    focusAgain(piece, place);
    return piece;
  };
  const enter = (list, piece, before) => {
    const place = focusIn(piece);
    const elsewhere = piece.parentElement !== list;
    list.insertBefore(piece, before);
    if (elsewhere) piece.classList.add("arrived");
    focusAgain(piece, place);
  };
  const arrange = (list, wanted, region) => {
    const ids = new Set([...wanted.children].map((child) => child.id));
    const skip = (item) => {
      while (item && !ids.has(item.id)) item = item.nextElementSibling;
      return item;
    };
    let at = skip(list.firstElementChild);
    for (const fresh of [...wanted.children]) {
      const known = document.getElementById(fresh.id);
      const here = known && known === at;
      const piece = known ? renew(known, fresh, region) : adopt(fresh);
      if (here) at = skip(piece.nextElementSibling);
      else enter(list, piece, at);
      if (!known) htmx.process(piece);
    }
    return ids;
  };
  const merge = (region, html) => {
    const fresh = new DOMParser().parseFromString(html, "text/html");
    const pairs = [...fresh.querySelectorAll("[data-part], [data-list]")].map((one) => [document.getElementById(one.id), one]);
    if (!pairs.length || pairs.some(([old]) => !old)) return false;
    const kept = new Map();
    for (const [old, one] of pairs) {
      if (one.hasAttribute("data-list")) kept.set(old, arrange(old, one, region));
      else renew(old, one, region);
    }
    for (const [list, ids] of kept) {
      for (const item of [...list.children]) if (!ids.has(item.id) && !busy(item)) item.remove();
    }
    return true;
  };
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const region = detail.target;
    if (!detail.shouldSwap || detail.isError || detail.elt !== region || !region.matches("[data-merges]")) return;
    detail.shouldSwap = !merge(region, detail.serverResponse);
  });
  body.addEventListener("animationend", ({ target }) => target.classList.remove("arrived"));
  body.addEventListener("htmx:afterRequest", ({ target, detail }) => {
    if (!detail.successful || !target.matches("[data-merges] form")) return;
    target.reset();
    const details = target.closest("details.move, details.adding");
    if (details) details.open = false;
  });

  // More of a column, in place

  body.addEventListener("click", (event) => {
    const link = event.target.closest("[data-more]");
    const region = document.getElementById("tasks");
    if (!link || link.search.includes("view=list")) return;
    event.preventDefault();
    region.dataset.path = link.getAttribute("href");
    history.replaceState(null, "", link.href);
    htmx.trigger(region, "refresh");
  });
  body.addEventListener("htmx:configRequest", ({ target, detail }) => {
    if (target.dataset.path && detail.elt === target) detail.path = target.dataset.path;
  });

  // Moving a card: it goes where it was put, and comes back if that is refused

  const secret = () => document.querySelector("#moving [name=csrfmiddlewaretoken]")?.value;
  const complain = (html) => {
    const place = document.getElementById("refusals");
    if (html === null) place.textContent = "The server could not be reached: the card is back where it was.";
    else place.innerHTML = html; // our own server's escaped fragment
    if (html !== "") place.scrollIntoView({ block: "nearest" });
  };
  const ask = (source, target) => {
    const name = target === "blocked" ? "blocked" : source === "in_review" && target === "todo" ? "changes" : "";
    const dialog = name && document.getElementById(`ask-${name}`);
    if (!dialog) return Promise.resolve({});
    dialog.querySelector("form").reset();
    dialog.returnValue = "";
    dialog.showModal();
    return new Promise((resolve) => {
      dialog.addEventListener("close", () => {
        const sent = dialog.returnValue === "go";
        resolve(sent ? Object.fromEntries(new FormData(dialog.querySelector("form"))) : null);
      }, { once: true });
    });
  };
  const send = (card, given) => fetch(`/tasks/${card.dataset.task}/move/`, {
    method: "POST",
    headers: { "X-CSRFToken": secret(), "HX-Request": "true" },
    body: new URLSearchParams(given),
  }).catch(() => null);
  const put = async (card, target) => {
    const [home, next] = [card.parentElement, card.nextElementSibling];
    const list = document.querySelector(`[data-drop="${target}"]`);
    if (!list || list === home || !secret() || card.matches(".moving")) return;
    const asked = await ask(home.dataset.drop, target);
    if (!asked) return;
    complain("");
    list.prepend(card);
    card.classList.add("moving");
    card.setAttribute("aria-busy", "true");
    card.focus({ preventScroll: true });
    const answer = await send(card, { ...asked, to: target });
    card.classList.remove("moving");
    card.removeAttribute("aria-busy");
    if (!answer?.ok) {
      home.insertBefore(card, next?.parentElement === home ? next : null);
      card.classList.add("returned");
      setTimeout(() => card.classList.remove("returned"), 1200);
      complain(answer ? await answer.text() : null);
    }
    card.focus({ preventScroll: true });
    htmx.trigger(body, "changed", { topics: [`task-${card.dataset.task}`] });
  };

  let dragged = null;
  const over = (column) => {
    for (const one of document.querySelectorAll(".column.over")) if (one !== column) one.classList.remove("over");
    column?.classList.add("over");
  };
  body.addEventListener("dragstart", (event) => {
    const card = event.target.closest?.(".ticket");
    if (!card || !secret()) return;
    dragged = card;
    card.classList.add("dragged");
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.querySelector(".number").textContent);
  });
  body.addEventListener("dragover", (event) => {
    const column = dragged && event.target.closest?.(".column");
    if (!column) return;
    event.preventDefault();
    over(column);
  });
  body.addEventListener("dragend", () => {
    dragged?.classList.remove("dragged");
    dragged = null;
    over(null);
  });
  body.addEventListener("drop", (event) => {
    const column = dragged && event.target.closest?.(".column");
    if (!column) return;
    event.preventDefault();
    const card = dragged;
    card.classList.remove("dragged");
    put(card, column.dataset.status);
  });

  // The keys of a card: arrows look around, Shift with them moves it, m opens its menu

  const beside = (list, step) => {
    const lists = [...document.querySelectorAll("[data-drop]")];
    return lists[lists.indexOf(list) + step];
  };
  const across = (card, step) => {
    const place = [...card.parentElement.children].indexOf(card);
    let list = beside(card.parentElement, step);
    while (list && !list.children.length) list = beside(list, step);
    return list && list.children[Math.min(place, list.children.length - 1)];
  };
  const around = {
    ArrowDown: (card) => card.nextElementSibling, j: (card) => card.nextElementSibling,
    ArrowUp: (card) => card.previousElementSibling, k: (card) => card.previousElementSibling,
    ArrowRight: (card) => across(card, 1), ArrowLeft: (card) => across(card, -1),
  };
  body.addEventListener("keydown", (event) => {
    const card = event.target.closest?.(".ticket");
    if (!card || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("details[open]")) return;
    const side = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (event.shiftKey && side) {
      const list = beside(card.parentElement, side);
      if (list) put(card, list.dataset.drop);
    } else if (around[event.key]) {
      around[event.key](card)?.focus();
    } else if (event.key === "m") {
      card.querySelector("summary").click();
    } else if (event.key === "Enter" && event.target === card) {
      card.querySelector(".ticket-title").click();
    } else return;
    event.preventDefault();
  });

  // Filters: what is empty stays out of the address; a choice applies at once

  const sieve = document.querySelector("[data-sieve]");
  sieve?.addEventListener("change", ({ target }) => target.matches("select") && sieve.requestSubmit());
  sieve?.addEventListener("formdata", ({ formData }) => {
    for (const [name, value] of [...formData]) if (!value) formData.delete(name);
  });

  // Leases run out while one looks

  const UNITS = [["d", 86400], ["h", 3600], ["min", 60]];
  const left = (seconds) => {
    const [word, size] = UNITS.find(([, one]) => seconds >= one) || UNITS[2];
    return `${Math.max(0, Math.floor(seconds / size))} ${word}`;
  };
  setInterval(() => {
    for (const clock of document.querySelectorAll("[data-until]")) {
      const words = left((Date.parse(clock.dataset.until) - Date.now()) / 1000);
      if (clock.textContent !== words) clock.textContent = words;
    }
  }, 10000);
})();
