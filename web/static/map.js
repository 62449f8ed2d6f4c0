// The map of the border: geometry and places from this server, no tiles, nothing from elsewhere.
(function () {
  "use strict";
  const holder = document.querySelector("[data-map]");
  if (!holder || !window.L) return;
  const L = window.L;
  const points = JSON.parse(holder.dataset.points).filter((one) => one.lat !== null && one.lon !== null);
  const map = L.map(holder, { attributionControl: false, zoomSnap: 0.25, minZoom: 5, maxZoom: 10, maxBounds: [[21.5, 54], [34.5, 71.5]], maxBoundsViscosity: 0.8, keyboard: true });
  map.fitBounds([[25.0, 60.4], [30.0, 64.2]]);
  L.control.scale({ imperial: false }).addTo(map);
  fetch(holder.dataset.map).then((answer) => answer.json()).then((shape) => {
    L.geoJSON(shape, {
      interactive: false,
      style: (feature) => ({ className: feature.properties.kind === "border" ? "geo-border" : ["Iran", "Pakistan"].includes(feature.properties.name) ? "geo-own" : "geo-far", weight: feature.properties.kind === "border" ? 2.5 : 0.8 }),
    }).addTo(map);
    for (const [name, at] of [["IRAN", [28.6, 58.9]], ["PAKISTAN", [28.2, 65.6]], ["AFGHANISTAN", [31.3, 63.8]], ["OMAN", [23.2, 57.4]]]) {
      L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: "geo-name", html: name, iconSize: [140, 20] }) }).addTo(map);
    }
    draw();
    holder.dataset.ready = "yes";
  });
  function draw() {
    const highest = Math.max(1, ...points.map((one) => one.stories));
    const shown = new Map();
    for (const [rank, one] of [...points].sort((a, b) => b.stories - a.stories).entries()) {
      const target = new URL(holder.dataset.href, location.href);
      target.searchParams.set("place", one.id);
      const text = document.createElement("span");
      text.textContent = `${one.name} · ${one.stories}`;
      const dot = L.circleMarker([one.lat, one.lon], { radius: 5 + 17 * Math.sqrt(one.stories / highest), className: "geo-dot", weight: 1.5 })
        .bindTooltip(text, { permanent: rank < 8, direction: "right", className: "geo-label", offset: [4 + 12 * Math.sqrt(one.stories / highest), 0] })
        .on("click", () => { location.href = target.href; })
        .addTo(map);
      const element = dot.getElement();
      element.setAttribute("tabindex", "0");
      element.setAttribute("role", "link");
      element.setAttribute("aria-label", `${one.name}: ${one.stories} stories`);
      element.addEventListener("keydown", (event) => { if (event.key === "Enter") location.href = target.href; });
      shown.set(one.id, dot);
    }
    unclutter([...shown.values()]);
    map.on("zoomend", () => unclutter([...shown.values()]));
    for (const link of document.querySelectorAll("[data-place]")) {
      const dot = shown.get(link.dataset.place);
      if (!dot) continue;
      const on = (state) => () => dot.getElement() && dot.getElement().classList.toggle("on", state);
      for (const name of ["mouseenter", "focus"]) link.addEventListener(name, on(true));
      for (const name of ["mouseleave", "blur"]) link.addEventListener(name, on(false));
    }
  }
  // A label that would cover another one waits for a closer look.
  function unclutter(dots) {
    const taken = [];
    for (const dot of dots) {
      const label = dot.getTooltip() && dot.getTooltip().options.permanent && dot.getTooltip().getElement();
      if (!label) continue;
      label.classList.remove("away");
      const box = label.getBoundingClientRect();
      const covered = taken.some((one) => box.left < one.right && one.left < box.right && box.top < one.bottom && one.top < box.bottom);
      label.classList.toggle("away", covered);
      if (!covered) taken.push(box);
    }
  }
})();
