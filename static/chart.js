/* The chart keeps open what its reader opened, when it is drawn anew; Enter in the search goes to the first match. */
(() => {
  "use strict";
  const chart = document.getElementById("chart");
  if (!chart) return;
  const opened = new Map();
  chart.addEventListener("toggle", (event) => {
    const name = event.target.dataset.fold;
    if (name) opened.set(name, event.target.open);
  }, true);
  document.body.addEventListener("htmx:afterSwap", (event) => {
    if (event.target !== chart) return;
    for (const fold of chart.querySelectorAll("details[data-fold]")) {
      const open = opened.get(fold.dataset.fold);
      if (open !== undefined) fold.open = open;
    }
  });
  const asked = new URLSearchParams(location.search).get("q");
  if (asked) chart.querySelector(".found")?.scrollIntoView({ block: "center" });
  // Arrows walk the chart; left and right fold and unfold.
  chart.addEventListener("keydown", (event) => {
    const link = event.target.closest("a");
    const links = [...chart.querySelectorAll(".person-card, .person-row a")].filter((one) => one.offsetParent);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const fold = link?.closest("summary")?.parentElement;
    if (step && link) links[links.indexOf(link) + step]?.focus();
    else if (fold && (event.key === "ArrowRight" || event.key === "ArrowLeft")) fold.open = event.key === "ArrowRight";
    else return;
    event.preventDefault();
  });
})();
