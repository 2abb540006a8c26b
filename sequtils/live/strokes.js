// Draw a stroke, or take one of the test strokes, and watch both networks read it.
import {sequences} from "./data.js";
import {atNextPicture, button, choice, labelled, make, onNewLook, Player, slider} from "./dom.js";
import {prepare, spacing} from "./features.js";
import {Pad} from "./pad.js";
import {clean, shadeOf, shades, stroke} from "./pictures.js";
import {NetworkView, TITLES} from "./view.js";

const NONE = new Float32Array(0);
const SETUPS = {source: "the source's set-up", last: "the last rung of the ladder", kernel: "the kernel's"};

export class Strokes {
  /** onStroke: told of each stroke that the networks read, as it grows, points one after the other. */
  constructor({handwriting, networks}, onStroke = () => {}) {
    const own = networks.filter((network) => network.dataset === "handwriting");
    Object.assign(this, {data: handwriting, networks: own, onStroke, at: 0, test: sequences(handwriting.test)});
    const setups = [...new Set(own.map((n) => n.setup))];
    this.setup = choice(setups.map((setup) => [setup, SETUPS[setup]]), () => this.choose());
    this.lengths = [...new Set(own.filter((n) => n.setup === this.setup.value).map((n) => n.points))];
    this.lengths.sort((a, b) => (a ?? Infinity) - (b ?? Infinity));  // null, as written, is the last
    this.length = slider(this.lengths.length - 1, () => this.choose());
    this.length.value = this.lengths.length - 1;
    this.lengthText = make("output");
    this.pad = new Pad(() => this.begin(), () => this.refresh(), () => this.read());
    this.canvas = this.pad.canvas;
    this.note = make("p", {className: "note", role: "status"});
    const cells = [...new Set(own.map((network) => network.cell))];
    this.views = cells.map((cell) => new NetworkView(cell, handwriting.classes, "point", (view) => this.onRow(view)));
    this.player = new Player((t) => this.time(t), this.note);
    this.redraw = atNextPicture(() => this.paint());
    this.refresh = atNextPicture(() => this.read());
    for (const view of this.views) {
      view.element.append(button("A test stroke that it gets wrong", () => this.mistake(view)));
    }
    const controls = make("div", {className: "controls"}, labelled("Networks", this.setup),
                          labelled("Points of a stroke", this.length), this.lengthText);
    this.element = make("div", {className: "panel"}, ...(own.length > cells.length ? [controls] : []),
      make("div", {className: "columns"},
           make("section", {}, make("h4", {textContent: "Stroke"}), this.canvas, this.player.element,
                make("div", {className: "controls"}, button("Clear", () => this.clear()),
                     button("A test stroke", () => this.take((this.at + 1) % this.test.length))), this.note),
           ...this.views.map((view) => view.element)));
    onNewLook(this.canvas, this.redraw);
  }

  /** Begin with a stroke, by default the first test stroke; see `put`. */
  start(stroke = this.test[0], label = this.data.test.labels[0]) {
    Object.assign(this, {stroke, label, drawn: false});
    this.choose();
  }

  /** The networks of the chosen set-up and number of points. */
  choose() {
    const last = this.setup.value === "last", points = last ? null : this.lengths[Number(this.length.value)];
    this.length.disabled = last;
    for (const view of this.views) {
      view.use(this.networks.find((n) => n.setup === this.setup.value && n.points === points && n.cell === view.cell));
    }
    this.recipe = this.networks.find((n) => n.setup === this.setup.value && n.points === points).recipe;
    const fixed = spacing(this.recipe)[0]?.[1];
    this.lengthText.textContent = fixed ? `${fixed}` : "as written";
    this.length.setAttribute("aria-valuetext", this.lengthText.textContent);
    this.read();
  }

  /** A drawn stroke is brought to as many points as the strokes of the data have. */
  read() {
    const {points} = this.pad;
    if (this.drawn) this.stroke = points.length ? prepare(points.flat(), 2, [["resample", this.data.points]]) : NONE;
    const {stroke, recipe} = this, x = stroke.length ? prepare(stroke, 2, recipe) : NONE;
    this.seen = stroke.length ? prepare(stroke, 2, spacing(recipe)) : NONE;
    for (const view of this.views) view.show(x);
    this.player.reset(x.length / 2);
    this.tell();
    this.onStroke(stroke);
  }

  time(t) {
    this.t = t;
    for (const view of this.views) view.at(t);
    this.redraw();
  }

  tell() {
    const known = `A test stroke of class ${this.data.classes[this.label]}.`;
    const truth = this.drawn ? "Your stroke." : this.label === null ? "The kernel's stroke." : known;
    const answers = this.views.map((view) => `${TITLES[view.cell]}: ${view.verdict.textContent}.`);
    const invitation = "Draw here, with a pen, a finger or the arrow keys.";
    this.note.textContent = this.seen.length ? [truth, ...answers].join(" ") : invitation;
    this.canvas.setAttribute("aria-label", `${this.note.textContent} Arrow keys draw.`);
  }

  onRow(view) {
    for (const other of this.views) if (other !== view && view.row !== null && other.row !== null) other.pick(null);
    this.colouring = view.row === null ? null : view;
    this.redraw();
  }

  // ---- Strokes

  /** Let the networks read a stroke, points one after the other. label: its class, null where that is not known. */
  put(stroke, label = null) {
    Object.assign(this, {stroke, label, drawn: false});
    this.pad.clear();
    this.read();
  }

  take(index) {
    this.at = index;
    this.put(this.test[index], this.data.test.labels[index]);
  }

  mistake(view) {
    const next = this.test.map((_, k) => (this.at + 1 + k) % this.test.length);  // and then from the first one on
    const wrong = (k) => view.answer(prepare(this.test[k], 2, this.recipe)) !== this.data.test.labels[k];
    const found = next.find(wrong);
    if (found !== undefined) this.take(found);
    else this.note.textContent = `The ${TITLES[view.cell]} gets every test stroke right.`;
  }

  clear() {
    this.pad.clear();
    this.begin();
  }

  begin() {
    Object.assign(this, {drawn: true, label: null});
    this.read();
    this.player.quiet();
  }

  // ---- The picture

  paint() {
    if (!this.seen) return;
    const size = this.canvas.clientWidth, drawing = clean(this.canvas, size), palette = shades(drawing.colours);
    const view = this.colouring;
    const colourOf = view && ((k) => `rgb(${shadeOf(palette, view.value(k))})`);
    stroke(drawing, this.places(size), this.t, colourOf);
  }

  /** The points as pixels: a drawn stroke stays where it is, another one fills the canvas. */
  places(size) {
    const points = Array.from({length: this.seen.length / 2}, (_, k) => [this.seen[2 * k], this.seen[2 * k + 1]]);
    if (this.drawn || !points.length) return points.map(([x, y]) => [x * size, (1 - y) * size]);
    const [xs, ys] = [0, 1].map((d) => points.map((point) => point[d]));
    const [left, low] = [Math.min(...xs), Math.min(...ys)];
    const extent = Math.max(Math.max(...xs) - left, Math.max(...ys) - low) || 1, scale = (size - 32) / extent;
    const [dx, dy] = [[xs, left], [ys, low]].map(([v, start]) => (size - (Math.max(...v) - start) * scale) / 2);
    return points.map(([x, y]) => [dx + (x - left) * scale, size - dy - (y - low) * scale]);
  }
}
