// Evaluated in a page by page.py: a session of 390 minutes and 200 strikes, drawn by two libraries.
({
  STRIKES: 200,
  MINUTES: 390,
  OPEN: Date.UTC(2025, 5, 2, 13, 30),

  bar(k) {
    const wave = (rate, size) => size * Math.sin(k / rate);
    return {
      t: new Date(this.OPEN + (k + 1) * 30_000).toISOString(), spot: 6000 + wave(40, 20), net_gex: wave(90, 4e9),
      gamma_flip: 5990 + wave(70, 8), call_wall: 6050, put_wall: 5950, magnet: 6000, pin_score: 50 + wave(50, 20),
      regime: "positive_gamma", hedge_flow_cumulative_all: wave(60, 3e8), hedge_flow_call_cumulative: wave(50, 2e8),
      hedge_flow_put_cumulative: wave(30, 1e8), charm_dollars_per_hour: 1e6,
    };
  },

  column(k, seed) {
    return Array.from({ length: this.STRIKES }, (_, row) => 1e9 * Math.sin((row * seed + k) / 17) * Math.exp(-(((row - 100) / 40) ** 2)));
  },

  box(height) {
    const root = document.createElement("div");
    root.style.cssText = `position: relative; width: 900px; height: ${height}px`;
    document.body.append(root);
    return root;
  },

  frame() {
    return new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve)));
  },

  async ours(root) {
    const names = ["store", "day", "charts/heat", "charts/session"];
    const [{ Store }, { Day, StrikeTime }, { heatChart }, { sessionChart }] =
      await Promise.all(names.map((name) => import(`${root}/${name}.js`)));
    document.body.replaceChildren();
    const day = new Day("SPX", this.OPEN, this.OPEN + this.MINUTES * 60_000);
    const strikes = Array.from({ length: this.STRIKES }, (_, row) => 5500 + 5 * row);
    const stamped = (k) => ({ t: new Date(this.OPEN + (k + 1) * 60_000).toISOString() });
    const filled = (count, seed) => {
      const heat = new StrikeTime(this.OPEN, 60_000);
      heat.take(strikes, Array.from({ length: count }, (_, k) => ({ ...stamped(k), values: this.column(k, seed) })), (bar) => bar.values);
      return heat;
    };
    const store = new Store({
      symbol: "SPX", at: null, date: null, metric: "gex", mode: "raw", bar: "1m", window: "since", profile: "gex", prices: null,
      theme: "dark", view: "one", snapshot: null, day, span: null, cursor: null, brief: new Map(), symbols: [],
    });
    return {
      begin: (samples) => {
        day.take(Array.from({ length: samples }, (_, k) => this.bar(k)));
        day.heat = filled(samples / 2, 1);
        heatChart(store, this.box(380), () => {});
        sessionChart(store, this.box(160));
      },
      step: (k) => {
        day.append(this.bar(k));
        if (k % 2) day.heat.take(strikes, [{ ...stamped((k - 1) / 2), values: this.column((k - 1) / 2, 1) }], (bar) => bar.values);
        store.touch("day");
      },
      change: (seed) => {
        day.heat = filled(this.MINUTES, seed);
        store.touch("day");
      },
    };
  },

  async peer() {
    const { createChart, LineSeries } = LightweightCharts;
    const time = (k) => (this.OPEN + (k + 1) * 30_000) / 1000;
    const picture = new OffscreenCanvas(this.MINUTES, this.STRIKES);
    const brush = picture.getContext("2d");
    const paint = (k, seed) => {
      const pixels = new ImageData(1, this.STRIKES);
      this.column(k, seed).forEach((value, row) => {
        const size = 255 * Math.min(1, Math.sqrt(Math.abs(value) / 1e9));
        pixels.data.set(value > 0 ? [0, 0, size, 255] : [size, size / 2, 0, 255], 4 * (this.STRIKES - 1 - row));
      });
      brush.putImageData(pixels, k, 0);
    };
    let series = [];
    let redraw = () => {};
    const image = (chart, line) => ({
      attached: ({ requestUpdate }) => { redraw = requestUpdate; },
      updateAllViews() {},
      paneViews: () => [{ zOrder: () => "bottom", renderer: () => ({ draw: (target) => target.useBitmapCoordinateSpace(({ context, horizontalPixelRatio: h, verticalPixelRatio: v }) => {
        const [left, right] = [0, 2 * this.MINUTES - 1].map((k) => chart.timeScale().logicalToCoordinate(k) * h);
        const [top, bottom] = [6500, 5500].map((price) => line.priceToCoordinate(price) * v);
        context.imageSmoothingEnabled = false;
        context.drawImage(picture, left, top, right - left, bottom - top);
      }) }) }],
    });
    const fields = [["spot", "gamma_flip", "call_wall", "put_wall", "magnet"],
      ["spot", "hedge_flow_cumulative_all", "hedge_flow_call_cumulative", "hedge_flow_put_cumulative"]];
    return {
      begin: (samples) => {
        const bars = Array.from({ length: samples }, (_, k) => this.bar(k));
        fields.forEach((names, pane) => {
          const chart = createChart(this.box(pane ? 160 : 380), { width: 900, height: pane ? 160 : 380 });
          names.forEach((name, index) => {
            const line = chart.addSeries(LineSeries, pane && index ? { priceScaleId: "left" } : {});
            line.setData(bars.map((bar, k) => ({ time: time(k), value: bar[name] })));
            if (!pane && !index) line.attachPrimitive(image(chart, line));
            series.push([line, name]);
          });
          chart.timeScale().fitContent();
        });
        for (let k = 0; k < samples / 2; k += 1) paint(k, 1);
        redraw();
      },
      step: (k) => {
        const bar = this.bar(k);
        for (const [line, name] of series) line.update({ time: time(k), value: bar[name] });
        if (k % 2) paint((k - 1) / 2, 1);
        redraw();
      },
      change: (seed) => {
        for (let k = 0; k < this.MINUTES; k += 1) paint(k, seed);
        redraw();
      },
    };
  },
})
