/* Live pages: one socket says what happened, and each region that follows it fetches itself again.

   A region: <div hx-get="..." hx-trigger="refresh" hx-sync="this:queue last" data-follows="channel-7">
   It refreshes at most once per 80 ms (or data-pause), never twice at a time; "*" follows all, and
   "task-*" whatever begins so. */
(() => {
  "use strict";
  const PAUSE = 80;
  const POLL = 5000; // while the socket is down
  const SILENCE = 40000; // the server says something every 15 s; after sleep a socket may be dead
  const SIGNED_OUT = 4401;
  const body = document.body;
  const state = { after: Number(body.dataset.head || 0), delay: 500, socket: null, poll: 0, heard: 0 };

  // Regions

  const follows = (region, topics) => {
    const meant = (topic) => topics.has(topic) ||
      (topic.endsWith("*") && [...topics].some((one) => one.startsWith(topic.slice(0, -1))));
    return region.dataset.follows.split(" ").some(meant);
  };
  // What would be replaced under the hand of who has a menu in it open waits until that is closed.
  const inUse = (region) => !region.matches("[data-tail], [data-merges]") && region.querySelector("details.menu[open]");
  const refresh = (region, own = false) => {
    if (own) clearTimeout(region.refreshTimer);
    else if (region.refreshTimer || (document.hidden && region.dataset.follows !== "*")) return;
    const pause = document.hidden ? POLL : Number(region.dataset.pause || PAUSE);
    const wait = Math.max(!own && inUse(region) ? 4 * PAUSE : PAUSE / 2, pause - (Date.now() - (region.refreshedAt || 0)));
    region.refreshTimer = setTimeout(() => {
      region.refreshTimer = 0;
      if (!own && inUse(region)) return refresh(region);
      region.refreshedAt = Date.now();
      region.ownRefresh = own;
      if (region.isConnected) htmx.trigger(region, "refresh");
    }, wait);
  };
  const announce = (topics, own = false) => {
    const all = new Set(topics);
    body.dispatchEvent(new CustomEvent("told", { detail: { topics } }));
    for (const region of document.querySelectorAll("[data-follows]")) {
      if (all.has("resync") || follows(region, all)) refresh(region, own);
    }
  };

  // The socket

  const say = (word, dot) => {
    const place = document.getElementById("connection");
    if (!place) return;
    const words = place.querySelector("[data-word]");
    if (words.textContent !== word) words.textContent = word;
    place.querySelector("[data-state]").className = `dot ${dot}`;
  };
  // Who is there changes in place: it is in no ledger, and nothing has to be fetched.
  const shown = (words) => {
    for (const place of document.querySelectorAll("[data-presence]")) {
      const word = words[place.dataset.presence];
      if (!word) continue;
      place.firstElementChild.className = `dot dot-${word.replaceAll(" ", "-")}`;
      place.lastElementChild.textContent = word;
    }
  };
  const receive = (event) => {
    state.heard = Date.now();
    const events = JSON.parse(event.data);
    if (events.presence) return shown(events.presence);
    if (!events.length) return;
    state.after = events.at(-1).seq;
    announce(events.flatMap((one) => one.topics));
  };
  const opened = () => {
    clearInterval(state.poll);
    state.poll = 0;
    state.heard = Date.now();
    state.delay = 500;
    say("Live", "dot-online");
    announce(["resync"]);
  };
  const closed = (event) => {
    if (event.code === SIGNED_OUT) {
      say("Signed out. Load the page again.", "");
      return;
    }
    if (!state.poll) state.poll = setInterval(() => announce(["resync"]), POLL);
    say("Not live, looking every 5 s", "dot-idle");
    setTimeout(connect, state.delay * (0.75 + Math.random() / 2));
    state.delay = Math.min(state.delay * 2, 15000);
  };
  const connect = () => {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}${body.dataset.live}?after=${state.after}`);
    socket.addEventListener("open", opened);
    socket.addEventListener("message", receive);
    socket.addEventListener("close", closed);
    state.socket = socket;
  };
  const check = () => {
    if (state.socket.readyState !== WebSocket.OPEN || Date.now() - state.heard < SILENCE) return;
    state.socket.removeEventListener("close", closed);
    state.socket.close();
    closed({ code: 1006 });
  };
  if (body.dataset.live) {
    connect();
    setInterval(check, POLL);
    document.addEventListener("visibilitychange", () => document.hidden || announce(["resync"]));
    addEventListener("online", () => announce(["resync"]));
  }

  // Forms: what a successful one changed, and what to say when the server can't be reached

  body.addEventListener("changed", (event) => announce(event.detail.topics || [], true));
  const slot = (element) => element.closest("form")?.querySelector(".refused");
  const tell = (element, text) => {
    const place = slot(element);
    if (!place) return;
    const notice = document.createElement("div");
    notice.className = "notice notice-bad";
    notice.setAttribute("role", "alert");
    notice.textContent = text;
    place.replaceChildren(notice);
  };
  body.addEventListener("htmx:sendError", (event) =>
    tell(event.target, "The server could not be reached. What you wrote is still here: try again."));
  body.addEventListener("htmx:beforeSwap", ({ detail }) => {
    if (detail.isError && detail.requestConfig.verb === "get") detail.shouldSwap = false;
    const region = detail.target;
    if (region.matches("[data-follows]") && !region.ownRefresh && inUse(region)) {
      detail.shouldSwap = false; // opened while this was on its way
      refresh(region);
    }
  });
  body.addEventListener("htmx:responseError", (event) => {
    const status = event.detail.xhr.status;
    if (status === 404 && event.target.matches("[data-follows]")) location.reload(); // no longer ours
    if (status === 404 && event.target.matches("a[href]")) location.assign(event.target.href);
    if (status === 401) {
      say("Signed out. Load the page again.", "");
      tell(event.target, "You are signed out. Sign in in another window, then send this again.");
    } else if (status >= 500) {
      tell(event.target, "The server met an error. What you wrote is still here: try again.");
    }
  });
  body.addEventListener("htmx:afterRequest", (event) => {
    const held = event.detail.xhr.status === 202; // kept until others agree: the slot says so
    if (event.detail.successful && !held && event.target.matches("form")) slot(event.target)?.replaceChildren();
  });

  // The rail, where there is room for one; else its link is a page

  const roomy = matchMedia("(min-width: 64.01rem)");
  body.addEventListener("htmx:confirm", (event) => {
    const link = event.target.closest("a[data-rail]");
    if (link && !roomy.matches) {
      event.preventDefault();
      location.assign(link.href);
    }
  });
  body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target.id === "places") {
      const waiting = event.target.querySelector("[data-inbox-count]")?.dataset.inboxCount;
      const plain = document.title.replace(/^\(\d+\) /, "");
      document.title = waiting ? `(${waiting}) ${plain}` : plain;
    }
  });
  body.addEventListener("htmx:afterSettle", (event) => { // now its form is htmx's
    if (event.target.id !== "rail") return;
    const url = new URL(location.href);
    const thread = event.target.querySelector("[data-thread-id]")?.dataset.threadId;
    if (thread && document.getElementById("messages")) url.searchParams.set("thread", thread);
    else url.searchParams.delete("thread");
    history.replaceState(null, "", url);
    const rail = event.target;
    (rail.querySelector("textarea") || rail.querySelector("a, button"))?.focus({ preventScroll: true });
  });
  body.addEventListener("click", (event) => {
    const rail = document.getElementById("rail");
    if (event.target.closest("[data-close-rail]") && rail?.contains(event.target)) {
      event.preventDefault();
      rail.replaceChildren();
      const url = new URL(location.href);
      url.searchParams.delete("thread");
      history.replaceState(null, "", url);
      document.querySelector(".main textarea")?.focus();
    }
    const copied = event.target.closest("[data-copy]");
    if (copied) copy(copied);
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) menu.open = false;
    }
  });
  const copy = async (button) => {
    const source = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(source.textContent);
      button.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(source); // no clipboard over plain http: Ctrl-C does it
    }
  };

  // Browsers that can't show a closed <details>: open it where the sidebar has room

  const sidebar = document.querySelector("details.sidebar");
  if (sidebar && !CSS.supports("selector(::details-content)")) {
    sidebar.open = matchMedia("(min-width: 40.01rem)").matches;
  }

  // Keys

  addEventListener("keydown", (event) => {
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    const finding = (event.key === "k" && (event.ctrlKey || event.metaKey)) ||
      (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey);
    if (finding) {
      const field = document.querySelector(".find input");
      if (!field) return;
      event.preventDefault();
      if (!field.checkVisibility()) sidebar.open = true;
      field.focus();
      field.select();
    }
    if (event.key === "Escape") {
      const menu = document.querySelector("details.menu[open]");
      if (menu) {
        menu.open = false;
        menu.querySelector("summary").focus();
      } else if (!typing) {
        document.querySelector("#rail [data-close-rail]")?.click();
      }
    }
  });
})();
