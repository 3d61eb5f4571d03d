"use strict";
// Shows and hides what is there; it never makes markup of data.
(() => {
  const one = (id) => document.getElementById(id);
  const servers = [...document.querySelectorAll(".server")];
  const controls = ["dialect", "verdict", "text"].map((name) => one("filter-" + name));

  const apply = () => {
    const [dialect, verdict, text] = controls.map((control) => control.value);
    const words = text.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const server of servers) {
      const data = server.dataset;
      const fits = (!dialect || dialect === data.dialect) && (!verdict || verdict === data.verdict) &&
        words.every((word) => data.text.includes(word));
      server.hidden = !fits;
      shown += fits ? 1 : 0;
    }
    one("shown").textContent = shown + " of " + servers.length;
    one("nothing").hidden = shown > 0;
  };

  one("filters").hidden = false;
  for (const control of controls) control.addEventListener("input", apply);
  apply();
})();
