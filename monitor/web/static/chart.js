// The evidence curve against its line, on a logarithmic scale, kept up to date.
"use strict";

(() => {
  const FLOOR = 0.1; // nothing is to be learnt from how far below 1 evidence has fallen
  const HEIGHT = 250;
  let figure = null;
  let minutes = 60;
  let plot = null;
  let marks = [];

  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const seconds = (iso) => new Date(iso).getTime() / 1000;

  // A curve far above its line is cut there: how far is no news, and would flatten the rest.
  const shown = (value, line) => Math.min(Math.max(value, FLOOR), line * 100);

  function columns(points) {
    const data = [[], [], [], [], []];
    let epoch = null;
    for (const point of points) {
      const at = seconds(point.at);
      if (epoch !== null && point.epoch !== epoch) push(data, [at - 0.001, null, null, null, null]);
      epoch = point.epoch;
      push(data, [at, shown(point.evidence, point.line), point.line,
        shown(point.suspicion, point.suspicion_line), point.suspicion_line]);
    }
    return data;
  }

  function push(data, row) {
    row.forEach((value, index) => data[index].push(value));
  }

  function power(value) {
    const digits = "⁰¹²³⁴⁵⁶⁷⁸⁹";
    const exponent = Math.round(Math.log10(value));
    if (Math.abs(value - 10 ** exponent) > value * 0.01) return "";
    if (exponent >= -1 && exponent <= 3) return String(10 ** exponent);
    return "10" + (exponent < 0 ? "⁻" : "") + [...String(Math.abs(exponent))].map((d) => digits[d]).join("");
  }

  function drawMarks(u) {
    const { ctx, bbox } = u;
    const ratio = devicePixelRatio;
    ctx.save();
    ctx.strokeStyle = ctx.fillStyle = colour("--dim");
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.setLineDash([2 * ratio, 3 * ratio]);
    marks.forEach((mark, index) => {
      const x = u.valToPos(seconds(mark.at), "x", true);
      if (x < bbox.left || x > bbox.left + bbox.width) return;
      const right = x > bbox.left + bbox.width * 0.7;
      ctx.textAlign = right ? "right" : "left";
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      ctx.fillText(mark.label, x + (right ? -5 : 5) * ratio, bbox.top + (12 + 14 * (index % 3)) * ratio);
    });
    ctx.restore();
  }

  function series(label, stroke, more) {
    return { label, stroke: () => colour(stroke), width: 2, points: { show: false }, spanGaps: false, ...more };
  }

  function axis(grid, more) {
    return {
      stroke: () => colour("--dim"),
      grid: { stroke: () => colour("--hairline"), width: 1, ...grid },
      ticks: { show: false },
      font: "11px system-ui, sans-serif",
      ...more,
    };
  }

  // Everything else on the page is in UTC, and so is this.
  function times(_, splits, __, ___, step) {
    return splits.map((at) => new Date(at * 1000).toISOString().slice(11, step < 60 ? 19 : 16));
  }

  function powers(_, splits) {
    return splits.map((value) => (value && power(value) ? value : null));
  }

  // One power of ten above the highest curve or line, so that a line is never the edge.
  function heights(_, lowest, highest) {
    const exponent = (value) => Math.log10(Math.max(value, FLOOR));
    return [10 ** Math.floor(exponent(lowest ?? 1)), 10 ** (Math.floor(exponent(highest ?? 1)) + 1)];
  }

  function build(data) {
    const dashed = { dash: [6, 5], width: 1.25 };
    const options = {
      width: figure.clientWidth,
      height: HEIGHT,
      legend: { show: false },
      cursor: { y: false, points: { size: 6 } },
      scales: { x: { time: true, range: () => span() }, y: { distr: 3, range: heights } },
      series: [
        {},
        series("evidence", "--evidence"),
        series("evidence: line", "--evidence", dashed),
        series("suspicion", "--suspicion"),
        series("suspicion: line", "--suspicion", dashed),
      ],
      axes: [
        axis({ show: false }, { size: 30, values: times }),
        axis({ filter: powers }, { size: 44, values: (_, splits) => splits.map((v) => (v ? power(v) : "")) }),
      ],
      hooks: { draw: [drawMarks] },
    };
    plot?.destroy();
    plot = new uPlot(options, data, figure);
  }

  let data = [[], [], [], [], []];

  // The whole span while it is short of answers would be an empty page: start at the first one.
  function span() {
    const now = Date.now() / 1000;
    const first = data[0].length ? data[0][0] : now - 60;
    return [Math.max(now - minutes * 60, first - 2), now];
  }

  async function refresh() {
    const present = document.getElementById("curve"); // not there before the first deployment
    if (!present) return;
    try {
      await draw(present);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error; // the network is away: the page says so
    }
  }

  async function draw(present) {
    const name = encodeURIComponent(present.dataset.deployment);
    const response = await fetch(`/api/deployments/${name}/evidence?minutes=${minutes}`);
    if (!response.ok) return;
    const curve = await response.json();
    marks = curve.marks;
    data = columns(curve.points);
    if (present === figure) {
      plot.setData(data);
      return;
    }
    figure = present;
    build(data);
    resizing.disconnect();
    resizing.observe(figure);
  }

  const resizing = new ResizeObserver(() => plot.setSize({ width: figure.clientWidth, height: HEIGHT }));

  document.addEventListener("click", (event) => {
    const chosen = event.target.closest("[data-minutes]");
    if (!chosen) return;
    minutes = Number(chosen.dataset.minutes);
    for (const button of document.querySelectorAll("[data-minutes]")) {
      button.setAttribute("aria-pressed", String(button === chosen));
    }
    document.dispatchEvent(new CustomEvent("span-chosen", { detail: minutes }));
    refresh();
  });

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot?.redraw());
  document.body.addEventListener("live-changed", refresh);
  refresh();
})();
