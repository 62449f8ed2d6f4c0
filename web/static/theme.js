// Before the first paint: the theme that this browser chose, where it chose one.
(function () {
  "use strict";
  try {
    const chosen = localStorage.getItem("theme");
    if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
  } catch { /* storage is off: the system's theme holds */ }
  document.documentElement.classList.add("js");
})();
