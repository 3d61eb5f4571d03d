"use strict";
// Shows and hides what is there; it never makes markup of data.
(() => {
  const one = (id) => document.getElementById(id);
  const entries = [...document.querySelectorAll("details.requirement")];
  const filters = one("filters");
  const controls = ["outcome", "level", "layer", "area", "text"].map((name) => one("filter-" + name));

  const apply = () => {
    const [outcome, level, layer, area, text] = controls.map((control) => control.value);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const entry of entries) {
      const { outcome: o, level: l, layer: y, area: a, text: t } = entry.dataset;
      const fits = (!outcome || outcome.split(" ").includes(o)) && (!level || level === l) &&
        (!layer || layer === y) && (!area || area === a) && words.every((word) => t.includes(word));
      entry.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    one("shown").textContent = shown + " of " + entries.length;
    one("nothing").hidden = shown > 0;
  };

  const clear = () => {
    for (const control of controls) control.value = "";
    apply();
  };

  const openTarget = () => {
    let id = "";
    try { id = decodeURIComponent(location.hash.slice(1)); } catch { return; }
    const target = id ? one(id) : null;
    if (!target) return;
    if (target.hidden) clear();
    for (let at = target; at; at = at.parentElement) {
      if (at.tagName === "DETAILS") at.open = true;
    }
    target.scrollIntoView();
    const summary = target.querySelector("summary");
    if (summary) summary.focus({ preventScroll: true });
  };
  addEventListener("hashchange", openTarget);

  if (filters) {
    filters.hidden = false;
    for (const control of controls) control.addEventListener("input", apply);
    const all = (open) => () => {
      for (const entry of entries) if (!entry.hidden) entry.open = open;
    };
    one("open-all").addEventListener("click", all(true));
    one("close-all").addEventListener("click", all(false));
    apply();
    addEventListener("keydown", (event) => {
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
        event.preventDefault();
        one("filter-text").focus();
      } else if (event.key === "Escape" && event.target === one("filter-text")) {
        clear();
      }
    });
  }

  // On paper a closed fold is lost: what failed is opened, and closed again afterwards.
  let opened = [];
  addEventListener("beforeprint", () => {
    opened = [...document.querySelectorAll("details:not(.inner):not([open])")]
      .filter((fold) => !fold.hidden && fold.dataset.outcome !== "pass");
    for (const fold of opened) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of opened) fold.open = false;
  });
  openTarget();
})();
