// Draw a stroke, or take one of the test strokes, and watch both networks read it.
import {sequences} from "./data.js";
import {atNextPicture, button, choice, labelled, make, onNewLook, Player, slider} from "./dom.js";
import {prepare, spacing} from "./features.js";
import {clean, shadeOf, shades, stroke} from "./pictures.js";
import {NetworkView, TITLES} from "./view.js";

const STEP = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};

export class Strokes {
  constructor({handwriting, networks}) {
    const own = networks.filter((network) => network.dataset === "handwriting");
    Object.assign(this, {data: handwriting, networks: own, points: [], drawn: true, label: null, at: -1});
    this.test = sequences(handwriting.test);
    this.lengths = [...new Set(own.filter((n) => n.setup === "source").map((n) => n.points))];
    this.lengths.sort((a, b) => (a ?? Infinity) - (b ?? Infinity));  // null, as written, is the last
    this.setup = choice([["source", "the source's set-up"], ["best", "the best of the ladder"]], () => this.choose());
    this.length = slider(this.lengths.length - 1, () => this.choose());
    this.length.value = this.lengths.length - 1;
    this.lengthText = make("output");
    this.canvas = make("canvas", {
      className: "pad", tabIndex: 0, role: "img", onkeydown: (e) => this.key(e),
      onpointerdown: (e) => this.begin(e), onpointermove: (e) => this.draw(e),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
    });
    this.note = make("p", {className: "note", role: "status"});
    const cells = [...new Set(own.map((network) => network.cell))];
    this.views = cells.map((cell) => new NetworkView(cell, handwriting.classes, "point", (view) => this.onRow(view)));
    this.player = new Player((t) => this.time(t), this.note);
    this.redraw = atNextPicture(() => this.paint());
    this.refresh = atNextPicture(() => this.read());
    for (const view of this.views) {
      view.element.append(button("A test stroke that it gets wrong", () => this.mistake(view)));
    }
    this.element = make("div", {className: "panel"},
      make("div", {className: "controls"}, labelled("Networks", this.setup),
           labelled("Points of a stroke", this.length), this.lengthText),
      make("div", {className: "columns"},
           make("section", {}, make("h4", {textContent: "Stroke"}), this.canvas, this.player.element,
                make("div", {className: "controls"}, button("Clear", () => this.clear()),
                     button("A test stroke", () => this.take((this.at + 1) % this.test.length))), this.note),
           ...this.views.map((view) => view.element)));
    onNewLook(this.canvas, this.redraw);
  }

  start() {
    this.choose();
    this.take(0);
  }

  /** The networks of the chosen set-up and number of points. */
  choose() {
    const best = this.setup.value === "best", points = best ? null : this.lengths[Number(this.length.value)];
    this.length.disabled = best;
    for (const view of this.views) {
      view.use(this.networks.find((n) => n.setup === this.setup.value && n.points === points && n.cell === view.cell));
    }
    this.recipe = this.networks.find((n) => n.setup === this.setup.value && n.points === points).recipe;
    const fixed = spacing(this.recipe)[0]?.[1];
    this.lengthText.textContent = fixed ? `${fixed}` : "as written";
    this.length.setAttribute("aria-valuetext", this.lengthText.textContent);
    this.read();
  }

  /** What the networks read: a drawn stroke is first brought to as many points as the strokes of the data have. */
  steps() {
    const asWritten = !spacing(this.recipe).length;
    return this.drawn && asWritten ? [["resample", this.data.points], ...this.recipe] : this.recipe;
  }

  read() {
    const flat = this.drawn ? Float64Array.from(this.points.flat()) : this.test[this.at];
    const x = flat.length ? prepare(flat, 2, this.steps()) : new Float32Array(0);
    this.seen = flat.length ? prepare(flat, 2, spacing(this.steps())) : x;
    for (const view of this.views) view.show(x);
    this.player.reset(x.length / 2);
    this.tell();
  }

  time(t) {
    this.t = t;
    for (const view of this.views) view.at(t);
    this.redraw();
  }

  tell() {
    const truth = this.label === null ? "Your stroke." : `A test stroke of class ${this.data.classes[this.label]}.`;
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

  take(index) {
    Object.assign(this, {at: index, drawn: false, label: this.data.test.labels[index]});
    this.read();
  }

  mistake(view) {
    const next = this.test.map((_, k) => (this.at + 1 + k) % this.test.length);  // and then from the first one on
    const wrong = (k) => view.answer(prepare(this.test[k], 2, this.recipe)) !== this.data.test.labels[k];
    const found = next.find(wrong);
    if (found !== undefined) this.take(found);
    else this.note.textContent = `The ${TITLES[view.cell]} gets every test stroke right.`;
  }

  clear() {
    Object.assign(this, {points: [], drawn: true, label: null});
    this.read();
  }

  begin(event) {
    event.preventDefault();
    this.canvas.focus({preventScroll: true});
    this.canvas.setPointerCapture(event.pointerId);
    this.clear();
    this.player.quiet();
    this.drawing = true;
    this.draw(event);
  }

  draw(event) {
    if (!this.drawing) return;
    const events = event.getCoalescedEvents?.() ?? [], size = this.canvas.clientWidth;
    for (const e of events.length ? events : [event]) this.points.push([e.offsetX / size, 1 - e.offsetY / size]);
    this.refresh();
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.read();
  }

  key(event) {
    const step = STEP[event.key];
    if (!step) return;
    event.preventDefault();
    if (!this.drawn) this.clear();
    const [x, y] = this.points.at(-1) ?? [0.5, 0.5];
    if (!this.points.length) this.points.push([x, y]);
    this.points.push([x + 0.04 * step[0], y + 0.04 * step[1]].map((v) => Math.max(0, Math.min(1, v))));
    this.refresh();
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
