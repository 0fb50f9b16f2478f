/* Runs before the first paint: the theme, and the time zone in which the server shows times. */
(() => {
  "use strict";
  const KEY = "teammcp-theme";
  const root = document.documentElement;
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const choice = () => localStorage.getItem(KEY) || "auto";
  const apply = () => {
    const wanted = choice();
    root.dataset.bsTheme = wanted === "auto" ? (dark.matches ? "dark" : "light") : wanted;
    for (const button of document.querySelectorAll("[data-theme-choice]")) {
      button.setAttribute("aria-pressed", String(button.dataset.themeChoice === wanted));
    }
  };
  apply();
  dark.addEventListener("change", apply);
  addEventListener("DOMContentLoaded", apply);
  addEventListener("click", (event) => {
    const button = event.target.closest("[data-theme-choice]");
    if (button) {
      localStorage.setItem(KEY, button.dataset.themeChoice);
      apply();
    }
  });
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone) {
    document.cookie = `teammcp_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  }
})();
