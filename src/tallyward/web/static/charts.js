// Draws the charts of a page with uPlot from the JSON beside them. Without this file the page shows its own drawings.
"use strict";

(() => {
  const drawn = new WeakMap();
  const probe = document.createElement("i");

  // What a custom property comes to as a colour: light-dark() is settled only in a real property.
  const colour = (name) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color;
  };

  const pale = (rgb) => rgb.replace(/^rgb\((.*)\)$/, "rgba($1, 0.16)");

  const writer = (unit) => {
    const write = (value, digits) => {
      if (value == null) return "—";
      const [whole, rest] = Math.abs(value).toFixed(digits).split(".");
      const grouped = whole.replace(/\B(?=(\d{3})+(?!\d))/g, unit.thousands);
      return `${value < 0 ? "−" : ""}${unit.before}${grouped}${rest ? unit.decimal + rest : ""}${unit.after}`;
    };
    if (!unit.duration) return write;
    return (value) => {
      if (value == null) return "—";
      if (value < 1000) return `${Math.round(value)} ms`;
      return value < 59950 ? `${(value / 1000).toFixed(1)} s` : `${Math.round(value / 6000) / 10} min`;
    };
  };

  const tooltip = (spec, write) => {
    const box = document.createElement("div");
    box.className = "plot-tip";
    box.hidden = true;
    const line = (name, text, slot) => {
      const row = box.appendChild(document.createElement("div"));
      if (slot) row.appendChild(document.createElement("i")).className = `swatch slot-${slot}`;
      row.appendChild(document.createElement("span")).textContent = name;
      row.appendChild(document.createElement("b")).textContent = text;
    };
    const show = (u) => {
      const { idx, left, top } = u.cursor;
      box.hidden = idx == null || left < 0;
      if (box.hidden) return;
      box.replaceChildren();
      box.appendChild(document.createElement("strong")).textContent = spec.labels[idx];
      const named = spec.series.map((one) => [one, one.values[idx]]);
      const told = spec.series.length > 1 ? named.filter(([, value]) => value).reverse() : named;
      for (const [one, value] of told) line(one.name, write(value, spec.unit.digits), spec.series.length > 1 && one.slot);
      if (spec.shape === "bars" && spec.series.length > 1) {
        line("together", write(named.reduce((sum, [, value]) => sum + (value ?? 0), 0), spec.unit.digits));
      }
      const room = u.over.clientWidth;
      const beside = left + box.offsetWidth + 18 > room ? left - box.offsetWidth - 12 : left + 12;
      box.style.transform = `translate(${Math.max(0, beside)}px, ${Math.max(0, Math.min(top, u.over.clientHeight - box.offsetHeight))}px)`;
    };
    return { hooks: { init: (u) => u.over.appendChild(box), setCursor: show } };
  };

  // Bars of several series stand on each other: what is drawn is the sum up to each, the highest first.
  const columns = (spec) => {
    const xs = spec.labels.map((_, place) => place);
    const scaled = spec.series.map((one) => one.values.map((value) => (value == null ? null : value * spec.unit.scale)));
    if (spec.shape !== "bars") return { data: [xs, ...scaled], order: spec.series };
    const sums = [];
    for (const values of scaled) {
      const below = sums.at(-1);
      sums.push(values.map((value, place) => (value ?? 0) + (below ? below[place] : 0)));
    }
    return { data: [xs, ...sums.reverse()], order: [...spec.series].reverse() };
  };

  const options = (spec, order, width, height) => {
    const write = writer(spec.unit);
    const soft = colour("--ink-faint");
    const rem = parseFloat(getComputedStyle(document.documentElement).fontSize);
    const axis = { stroke: soft, font: `${Math.round(rem * 0.75)}px system-ui, sans-serif`, ticks: { show: false } };
    const bars = uPlot.paths.bars({ size: [0.74, 44], radius: spec.series.length > 1 ? 0 : 0.12 });
    const lines = order.map((one) => {
      const ink = colour(`--series-${one.slot}`);
      if (spec.shape === "bars") return { label: one.name, fill: ink, width: 0, paths: bars, points: { show: false } };
      return { label: one.name, stroke: ink, fill: spec.shape === "area" ? pale(ink) : undefined, width: 1.75, points: { show: false } };
    });
    return {
      width,
      height,
      padding: [10, rem * 1.2, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: spec.shape !== "bars" } },
      scales: {
        x: { time: false, range: spec.shape === "bars" ? [-0.6, spec.labels.length - 0.4] : [0, Math.max(spec.labels.length - 1, 1)] },
        y: { range: (_, low, high) => [0, high > 0 ? high * 1.04 : 1] },
      },
      axes: [
        { ...axis, size: rem * 1.7, gap: rem * 0.3, grid: { show: false }, space: rem * 4.2, incrs: [1, 2, 3, 5, 7, 10, 14, 21, 30, 60, 90, 180, 365], values: (_, at) => at.map((place) => spec.ticks[place] ?? "") },
        {
          ...axis, size: (u, values) => Math.max(rem * 2.1, ...(values ?? [""]).map((text) => rem * (0.85 + 0.45 * text.length))), space: rem * 2.1, grid: { stroke: colour("--line"), width: 1 },
          incrs: spec.unit.duration || spec.unit.digits ? undefined : [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1e3, 2e3, 2500, 5e3, 1e4, 2e4, 25e3, 5e4, 1e5, 2e5, 5e5, 1e6, 1e7, 1e8, 1e9],
          values: (_, at) => at.map((value) => write(value, at.some((each) => each % 1) ? spec.unit.digits : 0)),
        },
      ],
      series: [{}, ...lines],
      plugins: [tooltip({ ...spec, series: spec.series.map((one) => ({ ...one, values: one.values.map((value) => (value == null ? null : value * spec.unit.scale)) })) }, write)],
    };
  };

  const draw = (figure) => {
    const text = figure.querySelector("[data-plot-data]").textContent;
    const canvas = figure.querySelector(".plot-canvas");
    const width = Math.floor(canvas.clientWidth || figure.clientWidth);
    const look = `${text}|${width}|${colour("--ink-faint")}`;
    const before = drawn.get(canvas);
    if (!width || before?.look === look) return;
    before?.plot.destroy();
    const spec = JSON.parse(text);
    const { data, order } = columns(spec);
    const height = Math.round(parseFloat(getComputedStyle(canvas).height)) || 180;
    drawn.set(canvas, { look, plot: new uPlot(options(spec, order, width, height), data, canvas) });
  };

  const all = () => {
    document.documentElement.dataset.plots = "";
    document.querySelectorAll("figure.plot").forEach(draw);
  };

  document.body.append(probe);
  probe.hidden = true;
  all();
  addEventListener("resize", () => requestAnimationFrame(all));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  new MutationObserver(all).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  document.addEventListener("htmx:after:swap", all);
})();
