/* Conversations: lists that grow at their end, the composer, and what counts as read. */
(() => {
  "use strict";
  const body = document.body;
  const tails = () => document.querySelectorAll("[data-tail]");
  const seqOf = (item) => Number(item.dataset.seq);
  const items = (list) => [...list.querySelectorAll("li[data-seq]")];
  const announce = (topics) => htmx.trigger(body, "changed", { topics });

  // A list asks for what comes after its last message. While later pages are still to be loaded by
  // scrolling, news waits for them.

  body.addEventListener("htmx:configRequest", (event) => {
    const list = event.target;
    if (!list.matches("[data-tail]")) return;
    if (list.querySelector("[data-newer]")) {
      event.preventDefault();
      return;
    }
    const last = items(list).at(-1);
    event.detail.parameters.set("after", last ? seqOf(last) : 0);
  });
  body.addEventListener("htmx:beforeSwap", ({ target }) => {
    if (target.matches("[data-tail]")) target.countBefore = items(target).length;
  });
  body.addEventListener("htmx:afterRequest", ({ target: list, detail }) => {
    if (!list.matches("[data-tail]") || !detail.successful) return;
    const all = items(list);
    if (detail.requestConfig.elt === list) grew(list, all.slice(list.countBefore));
    else if (!list.querySelector("[data-newer]")) announce(list.dataset.follows.split(" "));
    oneDayLineEach(list);
    watch(list);
  });
  const grew = (list, added) => {
    if (!added.length) return;
    for (const item of added) {
      const root = item.dataset.thread && document.getElementById(`replies-${item.dataset.thread}`);
      if (root) htmx.trigger(root, "grown");
    }
    const scroller = list.closest(".scroller");
    const word = scroller.querySelector("[data-jump-word]");
    if (word && Math.abs(scroller.scrollTop) > 80) {
      scroller.unseen = (scroller.unseen || 0) + added.length;
      word.textContent = scroller.unseen === 1 ? "1 new message" : `${scroller.unseen} new messages`;
    }
  };
  const oneDayLineEach = (list) => {
    const seen = new Set();
    for (const line of list.querySelectorAll("[data-day]")) {
      if (seen.has(line.dataset.day)) line.remove();
      seen.add(line.dataset.day);
    }
  };

  // Only what was on screen becomes read, and only without a gap after the read cursor.

  const seen = new WeakSet();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting && !document.hidden) seen.add(target);
    }
    clearTimeout(observer.timer);
    observer.timer = setTimeout(markRead, 500);
  }, { threshold: 0.6 });
  const watch = (list) => {
    if (list.dataset.reads) items(list).forEach((item) => observer.observe(item));
  };
  const markRead = async () => {
    const list = document.querySelector("[data-reads]");
    if (!list || document.hidden) return;
    const read = Number(list.dataset.readSeq);
    const all = items(list);
    const start = all.findIndex((item) => seqOf(item) > read);
    if (start < 0 || (start === 0 && seqOf(all[0]) !== read + 1)) return;
    let upTo = read;
    for (let i = start; i < all.length && (seen.has(all[i]) || tall(all[i])); i += 1) upTo = seqOf(all[i]);
    if (upTo === read) return;
    list.dataset.readSeq = upTo;
    const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
    const answer = await fetch(list.dataset.reads, {
      method: "POST",
      headers: { "X-CSRFToken": token, "HX-Request": "true" },
      body: new URLSearchParams({ up_to: upTo }),
    }).catch(() => null);
    if (!answer?.ok) list.dataset.readSeq = read;
    else announce(["places"]);
  };
  body.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (elt.matches("li[data-seq]") && elt.closest("[data-reads]")) observer.observe(elt);
  });
  const tall = (item) => {
    const box = item.getBoundingClientRect();
    return box.height > innerHeight * 0.6 && box.bottom > 0 && box.bottom < innerHeight;
  };
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    for (const item of document.querySelectorAll("[data-reads] li[data-seq]")) {
      observer.unobserve(item); // observing again reports what is on screen now
      observer.observe(item);
    }
  });

  // Where the page opens

  const open = () => {
    tails().forEach(watch);
    const target = document.querySelector("#messages .found") ||
      (location.hash.length > 1 && document.getElementById(location.hash.slice(1))) ||
      document.getElementById("unread");
    target?.scrollIntoView({ block: target.id === "unread" ? "start" : "center", behavior: "instant" });
    for (const scroller of document.querySelectorAll(".scroller")) {
      scroller.addEventListener("scroll", () => showJump(scroller), { passive: true });
      showJump(scroller);
    }
    const field = document.querySelector(".main .composer textarea");
    if (field) {
      field.value ||= sessionStorage.getItem(draftOf(field)) || "";
      if (matchMedia("(hover: hover)").matches && !field.closest("[data-calm]")) field.focus({ preventScroll: true });
    }
  };
  const showJump = (scroller) => {
    const jump = scroller.querySelector("[data-jump]");
    if (!jump) return;
    const away = Math.abs(scroller.scrollTop) > 80 || scroller.querySelector("[data-newer]");
    jump.hidden = !away;
    if (!away) {
      scroller.unseen = 0;
      jump.querySelector("[data-jump-word]").textContent = "Newest messages";
    }
  };
  body.addEventListener("click", (event) => {
    const scroller = event.target.closest("[data-jump]")?.closest(".scroller");
    if (scroller && !scroller.querySelector("[data-newer]")) {
      event.preventDefault();
      scroller.scrollTop = 0;
    }
  });

  // The composer: Enter sends. It is emptied only after the server has accepted the text.

  const draftOf = (field) => `draft ${field.form.dataset.composer}`;
  body.addEventListener("keydown", (event) => {
    const field = event.target;
    if (!field.matches?.(".composer textarea") || event.defaultPrevented) return;
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (field.value.trim() || field.form.querySelector("[data-chips] [name=files]")) field.form.requestSubmit();
    }
  });
  body.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches?.(".composer textarea")) return;
    sessionStorage.setItem(draftOf(field), field.value);
    if (!CSS.supports("field-sizing: content")) field.rows = Math.min(12, field.value.split("\n").length);
    if (field.form.outcomeUnknown) { // other text is another message
      field.form.outcomeUnknown = false;
      field.form.elements.client_key.value = [...crypto.getRandomValues(new Uint32Array(4))].join("-");
    }
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    if (event.target.matches(".composer")) event.target.sent = event.target.elements.body.value;
  });
  body.addEventListener("htmx:sendError", (event) => {
    if (event.target.matches(".composer")) event.target.outcomeUnknown = true;
  });
  body.addEventListener("changed", (event) => {
    const form = event.target;
    if (!form.matches(".composer")) return;
    form.elements.client_key.value = event.detail.client_key;
    if (form.elements.body.value === form.sent) {
      form.elements.body.value = "";
      form.elements.priority.value = "next";
      form.elements.expects_reply.checked = false;
      sessionStorage.removeItem(draftOf(form.elements.body));
    }
    form.querySelector("[data-note]").textContent = event.detail.note || "";
  });

  // Moving through messages with the keys

  const OTHER = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1 };
  body.addEventListener("keydown", (event) => {
    const here = event.target;
    const step = OTHER[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (here.matches?.(".scroller") && (event.key === "j" || event.key === "k")) {
      items(here).at(-1)?.focus();
    } else if (here.matches?.("li.message") && step) {
      event.preventDefault();
      const all = items(here.parentElement);
      all[all.indexOf(here) + step]?.focus();
    } else if (here.matches?.("li.message") && event.key === "Enter") {
      here.querySelector("a[data-rail]")?.click();
    }
  });

  open();
})();
