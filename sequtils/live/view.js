// One network beside another: what it answers after each frame, and the state of its units.
import {floats} from "./data.js";
import {atNextPicture, choice, labelled, make, onNewLook} from "./dom.js";
import {argmax, Network, softmax} from "./network.js";
import {clean, cursor, heatMap, probabilities} from "./pictures.js";

export const TITLES = {rnn: "RNN", lstm: "LSTM", gru: "GRU"};
const CURVES = 130;  // pixels
const gate = (k) => ({a, n, gates}, j, t) => a[(t * gates + k) * n + j];
const READ = {  // what a unit j of a layer has at frame t, from -1 to 1
  h: ["output h", ({h, n}, j, t) => h[(t + 1) * n + j]],
  c: ["cell, tanh c", ({tanh_c, n}, j, t) => tanh_c[t * n + j]],
  i: ["input gate i", gate(0)],
  f: ["forget gate f", gate(1)],
  g: ["new content g", gate(2)],
  o: ["output gate o", gate(3)],
  r: ["reset gate r", gate(0)],
  z: ["update gate z", gate(1)],
  n: ["new content n", gate(2)],
};
const SHOWN = {rnn: "h", lstm: "hcifgo", gru: "hrzn"};

export class NetworkView {
  /** frame: what the page calls a frame, such as "point". onRow: told when the row under the pointer changes. */
  constructor(cell, classes, frame, onRow) {
    Object.assign(this, {cell, classes, frame, onRow, p: [], t: 0, row: null});
    this.what = choice([...SHOWN[cell]].map((key) => [key, READ[key][0]]), () => this.pick(this.row));
    this.canvas = make("canvas", {
      tabIndex: 0, role: "img", onpointermove: (e) => this.pick(this.rowAt(e.offsetY)),
      onpointerdown: (e) => this.pick(this.rowAt(e.offsetY)),
      onpointerleave: (e) => e.pointerType === "mouse" && this.pick(null), onkeydown: (e) => this.move(e),
    });
    this.verdict = make("p", {className: "verdict"});
    this.about = make("p", {className: "about"});
    this.element = make("section", {className: `network ${cell}`}, make("h4", {textContent: TITLES[cell]}), this.about,
                        this.verdict, this.canvas, labelled("Rows show", this.what));
    this.redraw = atNextPicture(() => this.draw());
    onNewLook(this.canvas, this.redraw);
  }

  /** Take the network of a record of the page's data. */
  use(record) {
    this.network = new Network(this.cell, record.sizes, floats(record.weights), record.pooling);
    this.rows = this.network.layers.flatMap((layer, k) => Array.from({length: layer.n}, (_, j) => ({layer, k, j})));
    const units = record.sizes.slice(1, -1).join(" and ");
    this.about.textContent = `${units} units, test accuracy ${record.accuracy.toFixed(2)}`;
    this.pick(null);
  }

  /** Run it on x, prepared frames one after the other. */
  show(x) {
    this.p = [];
    if (x.length) {
      this.network.forward(x);
      for (let t = 1; t <= this.network.T; t++) this.p.push(softmax(this.network.logitsAfter(t)).p);
    }
    this.at(this.p.length - 1);
  }

  /** Say what it answers after frame t. */
  at(t) {
    this.t = t;
    const q = this.p[t], told = `after ${t + 1} of ${this.p.length} ${this.frame}s`;
    const best = q ? argmax(q) : 0;
    this.verdict.textContent = q ? `${this.classes[best]} ${q[best].toFixed(2)}, ${told}` : "no answer yet";
    this.redraw();
  }

  /** The class that it answers for x. */
  answer(x) {
    return argmax(this.network.forward(x));
  }

  /** The values of the chosen row at frame t, and what it is in words. */
  value(t, row = this.row) {
    const {layer, j} = this.rows[row];
    return READ[this.what.value][1](layer, j, t);
  }

  name(row) {
    const {k, j} = this.rows[row];
    return `${TITLES[this.cell]}, layer ${k + 1}, unit ${j + 1}, ${READ[this.what.value][0]}`;
  }

  pick(row) {
    this.row = row;
    this.onRow(this);
    this.redraw();
  }

  move(event) {
    const by = {ArrowDown: 1, ArrowUp: -1}[event.key];
    if (!by) return;
    event.preventDefault();
    this.pick(Math.max(0, Math.min(this.rows.length - 1, (this.row ?? -1) + by)));
  }

  rowAt(y) {
    const row = Math.floor((y - CURVES - 24) / this.rowHeight());
    return row >= 0 && row < this.rows.length ? row : null;
  }

  rowHeight() {
    return Math.max(3, Math.min(10, 210 / this.rows.length));
  }

  draw() {
    if (!this.network) return;
    const {rows, p} = this, T = p.length, tall = rows.length * this.rowHeight();
    const drawing = clean(this.canvas, CURVES + tall + 30), {pen, width, colours} = drawing;
    const top = {x: 4, y: 4, width: width - 64, height: CURVES}, map = {...top, y: CURVES + 24, height: tall};
    probabilities(drawing, top, this.classes, p);
    pen.fillStyle = colours.ink;
    pen.fillText(this.row === null ? `units, ${READ[this.what.value][0]}` : this.name(this.row), 4, CURVES + 19);
    heatMap(drawing, map, rows.length, T, (row, t) => this.value(t, row));
    if (this.row !== null) {
      pen.strokeStyle = colours.ink;
      pen.strokeRect(map.x, map.y + this.row * this.rowHeight(), map.width, this.rowHeight());
    }
    if (T) [top, map].forEach((box) => cursor(drawing, box, this.t, T));
    this.describe();
  }

  describe() {
    const q = this.p[this.t], each = q ? this.classes.map((name, c) => `${name} ${q[c].toFixed(2)}`) : ["none"];
    const row = this.row === null || !q ? "" : ` ${this.name(this.row)}: ${this.value(this.t).toFixed(2)}.`;
    this.canvas.setAttribute("aria-label",
      `${TITLES[this.cell]}: probability of each class over time, and the state of ${this.rows.length} units. ` +
      `Here: ${each.join(", ")}.${row} Arrow keys choose a unit.`);
  }
}
