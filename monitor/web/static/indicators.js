// Indicators over time: a small chart each, a line for each version, marks where the pointer moved.
"use strict";

(() => {
  const HEIGHT = 130;
  const EVERY_MS = 15000; // they are made once a minute
  const STROKES = ["--evidence", "--suspicion", "--good", "--bad", "--dim"];
  let minutes = 60;
  let asked = 0;
  let plots = [];
  let marks = [];
  let shape = "";

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const short = (value) => (Math.abs(value) >= 1000 ? value.toExponential(0) : String(Number(value.toPrecision(2))));

  function drawMarks(u) {
    const { ctx, bbox } = u;
    ctx.save();
    ctx.strokeStyle = colour("--dim");
    ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio]);
    for (const mark of marks) {
      const x = u.valToPos(mark.at, "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) continue;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
    }
    ctx.restore();
  }

  function times(_, splits, __, ___, step) {
    return splits.map((at) => new Date(at * 1000).toISOString().slice(11, step < 60 ? 19 : 16));
  }

  function axis(more) {
    return {
      stroke: () => colour("--dim"),
      grid: { stroke: () => colour("--hairline"), width: 1 },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
      ...more,
    };
  }

  function options(chart, width) {
    return {
      width,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { size: 5 } },
      scales: { x: { time: true }, y: { range: (_, low, high) => [Math.min(0, low ?? 0), (high || 1) * 1.15] } },
      series: [{}, ...chart.lines.map((line, index) => ({
        label: line.version,
        stroke: () => colour(STROKES[index % STROKES.length]),
        width: 1.75,
        points: { show: chart.lines[0].values.length < 20, size: 4 },
        spanGaps: false,
      }))],
      axes: [axis({ size: 26, space: 70, values: times }), axis({ size: 44, values: (_, splits) => splits.map(short) })],
      hooks: { draw: [drawMarks] },
    };
  }

  function keys(chart) {
    const list = document.createElement("p");
    list.className = "keys";
    chart.lines.forEach((line, index) => {
      const key = document.createElement("span");
      key.className = `key k${index % STROKES.length}`;
      key.textContent = line.version;
      list.append(key);
    });
    return list;
  }

  function build(place, drawn) {
    plots.forEach((plot) => plot.destroy());
    place.replaceChildren();
    plots = drawn.charts.map((chart) => {
      const figure = document.createElement("figure");
      const title = document.createElement("figcaption");
      title.textContent = chart.title;
      const unit = document.createElement("span");
      unit.className = "dim";
      unit.textContent = ` ${chart.unit}`;
      title.append(unit);
      const canvas = document.createElement("div");
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${chart.title} over time, ${chart.unit}`);
      figure.append(title, canvas, keys(chart));
      place.append(figure);
      return new uPlot(options(chart, figure.clientWidth), data(drawn, chart), canvas);
    });
    resizing.disconnect();
    resizing.observe(place);
  }

  const data = (drawn, chart) => [drawn.at, ...chart.lines.map((line) => line.values)];

  const resizing = new ResizeObserver(() => {
    for (const plot of plots) plot.setSize({ width: plot.root.parentElement.clientWidth, height: HEIGHT });
  });

  async function refresh(force) {
    const place = document.getElementById("charts");
    if (!place || (!force && Date.now() - asked < EVERY_MS)) return;
    asked = Date.now();
    try {
      const name = encodeURIComponent(place.dataset.deployment);
      const response = await fetch(`/deployments/${name}/series?minutes=${minutes}`);
      if (response.ok) show(place, await response.json());
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the network is away: the page says so
    }
  }

  function show(place, drawn) {
    if (!drawn.charts.length) return;
    marks = drawn.marks;
    const now = JSON.stringify(drawn.charts.map((chart) => [chart.name, chart.lines.map((line) => line.version)]));
    if (now !== shape || !place.querySelector("canvas")) build(place, drawn);
    else drawn.charts.forEach((chart, index) => plots[index].setData(data(drawn, chart)));
    shape = now;
  }

  document.addEventListener("span-chosen", (event) => {
    minutes = event.detail;
    refresh(true);
  });
  document.body.addEventListener("live-changed", () => refresh(false));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach((plot) => plot.redraw()));
  refresh(true);
})();
