// Choose a test segment of speech, and see its features and what both networks answer after each frame.
import {sequences} from "./data.js";
import {atNextPicture, choice, labelled, make, onNewLook, Player} from "./dom.js";
import {prepare} from "./features.js";
import {clean, cursor, heatMap} from "./pictures.js";
import {NetworkView, TITLES} from "./view.js";

const ROW = 8;  // pixels

export class Segments {
  constructor({cv, networks}) {
    const own = networks.filter((network) => network.dataset === "cv"), {labels, speakers, lengths} = cv.test;
    Object.assign(this, {data: cv, networks: own, test: sequences(cv.test), x: new Float32Array(0), t: 0});
    this.segment = choice(labels.map((label, k) => [
      k, `${cv.classes[label]}, speaker ${speakers[k] ?? "unknown"}, ${lengths[k]} frames`]), () => this.read());
    this.setup = choice([["source", "the source's set-up"], ["last", "the last rung of the ladder"]], () => this.choose());
    this.canvas = make("canvas", {role: "img"});
    this.note = make("p", {className: "note", role: "status"});
    const cells = [...new Set(own.map((network) => network.cell))];
    this.views = cells.map((cell) => new NetworkView(cell, cv.classes, "frame", () => {}));
    this.player = new Player((t) => this.time(t), this.note);
    this.redraw = atNextPicture(() => this.paint());
    this.element = make("div", {className: "panel"},
      make("div", {className: "controls"}, labelled("Networks", this.setup), labelled("Segment", this.segment)),
      make("div", {className: "columns"},
           make("section", {}, make("h4", {textContent: "Features, as the networks read them"}), this.canvas,
                this.player.element, this.note),
           ...this.views.map((view) => view.element)));
    onNewLook(this.canvas, this.redraw);
  }

  start() {
    this.choose();
  }

  choose() {
    const pick = (cell) => this.networks.find((n) => n.setup === this.setup.value && n.cell === cell);
    for (const view of this.views) view.use(pick(view.cell));
    this.recipe = pick(this.views[0].cell).recipe;
    this.D = pick(this.views[0].cell).sizes[0];
    this.read();
  }

  read() {
    const k = Number(this.segment.value);
    this.x = prepare(this.test[k], this.data.test.features, this.recipe);
    for (const view of this.views) view.show(this.x);
    this.player.reset(this.x.length / this.D);
    const answers = this.views.map((view) => `${TITLES[view.cell]}: ${view.verdict.textContent}.`);
    this.note.textContent = `A segment of class ${this.data.classes[this.data.test.labels[k]]}. ${answers.join(" ")}`;
    this.redraw();
  }

  time(t) {
    this.t = t;
    for (const view of this.views) view.at(t);
    this.redraw();
  }

  /** Each feature from its least value in the segment to its greatest. */
  paint() {
    const {x, D} = this, T = x.length / D;
    if (!T) return;
    const drawing = clean(this.canvas, D * ROW + 8), box = {x: 4, y: 4, width: drawing.width - 8, height: D * ROW};
    const columns = Array.from({length: D}, (_, d) => Array.from({length: T}, (_, t) => x[t * D + d]));
    const ranges = columns.map((values) => [Math.min(...values), Math.max(...values)]);
    heatMap(drawing, box, D, T, (d, t) => {
      const [low, high] = ranges[d];
      return high > low ? (2 * (columns[d][t] - low)) / (high - low) - 1 : 0;
    });
    cursor(drawing, box, this.t, T);
    this.canvas.setAttribute("aria-label", `${D} features of a segment over ${T} frames.`);
  }
}
