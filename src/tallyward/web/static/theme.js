// Runs before the first paint, so that a page never flashes in the wrong colours. No choice means: as the system says.
"use strict";

(() => {
  const KEY = "tallyward-theme";
  const NAMES = { auto: "Auto", light: "Light", dark: "Dark" };

  const chosen = () => {
    try {
      const kept = localStorage.getItem(KEY);
      return kept in NAMES ? kept : "auto";
    } catch {
      return "auto"; // storage may be forbidden; the system's choice is always right
    }
  };

  const apply = (theme) => {
    if (theme === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };

  const keep = (theme) => {
    try {
      localStorage.setItem(KEY, theme);
    } catch {
      // The choice then holds for this page only.
    }
  };

  apply(chosen());

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("[data-theme-toggle]");
    const name = document.querySelector("[data-theme-name]");
    if (!button || !name) return;
    let theme = chosen();
    name.textContent = NAMES[theme];
    button.hidden = false;
    button.addEventListener("click", () => {
      const order = Object.keys(NAMES);
      theme = order[(order.indexOf(theme) + 1) % order.length];
      apply(theme);
      keep(theme);
      name.textContent = NAMES[theme];
    });
  });
})();
