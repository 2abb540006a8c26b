// Train a network here, in a worker thread, beside the report's own training of the same network.
import {digest, sequences} from "./data.js";
import {atNextPicture, button, choice, labelled, make, onNewLook} from "./dom.js";
import {prepare} from "./features.js";
import {CELLS, fit, Network} from "./network.js";
import {clean, curve} from "./pictures.js";
import {Generator, initialWeights} from "./random.js";
import {TITLES} from "./view.js";

const KINDS = [  // ours, the report's, dashes
  ["loss", "loss", []], ["accuracy", "accuracy", [6, 3]], ["testAccuracy", "test_accuracy", [2, 2]],
];
const REASONS = {
  converged: "the loss fell no more", max_epochs: "the last epoch", diverged: "the loss is not a number",
};

/** In the worker: train what it is told to, and tell of each epoch, and at the end of the weights. */
export function work() {
  onmessage = async ({data: {handwriting, steps, options, cell, width, seed}}) => {
    const parts = [handwriting.train, handwriting.test].map((part) => ({
      x: sequences(part).map((x) => prepare(x, part.features, handwriting.recipe)), y: part.labels}));
    const sizes = [handwriting.train.features, width, 5, handwriting.classes.length];
    const network = new Network(cell, sizes, initialWeights(cell, CELLS[cell].gates, sizes, seed, steps));
    const random = new Generator([seed, 1]), began = performance.now();
    for (const told of fit(network, ...parts, () => random.permutation(parts[0].x.length), options)) {
      postMessage({...told, seconds: (performance.now() - began) / 1000});
    }
    postMessage({digest: await digest(network.weights)});
  };
}

export class Trainer {
  constructor(data, script) {
    Object.assign(this, {data, script, epochs: [], worker: null});
    const {trainings, fit: options} = data, of = (name) => [...new Set(trainings.map((t) => t[name]))];
    const settings = () => this.compare();
    this.cell = choice(of("cell").map((cell) => [cell, TITLES[cell]]), settings);
    this.width = choice(of("width").map((width) => [width, `${width} and 5`]), settings);
    this.seed = make("input", {type: "number", min: 0, max: 4294967295, value: 0, onchange: settings});
    this.rate = choice([0.001, 0.003, 0.01, 0.03, 0.1].map((rate) => [rate, rate]), settings);
    this.width.value = 16;
    this.rate.value = options.rate;
    this.toggle = button("Train", () => (this.worker ? this.stop("Stopped.") : this.train()));
    this.canvas = make("canvas", {role: "img"});
    this.progress = make("p", {className: "verdict"});
    this.note = make("p", {className: "note", role: "status"});
    this.element = make("div", {className: "panel"},
      make("div", {className: "controls"}, labelled("Cell", this.cell), labelled("Units", this.width),
           labelled("Seed", this.seed), labelled("Learning rate", this.rate), this.toggle),
      this.canvas, make("p", {className: "key", textContent:
        "Solid: loss, dashed: training accuracy, dotted: test accuracy. Thin and grey: the report's own training."}),
      this.progress, this.note);
    this.redraw = atNextPicture(() => this.paint());
    onNewLook(this.canvas, this.redraw);
  }

  start() {
    this.compare();
  }

  settings() {
    const [width, seed, rate] = [this.width, this.seed, this.rate].map((field) => Number(field.value));
    return {cell: this.cell.value, width, seed: Math.max(0, Math.floor(seed)) >>> 0, rate};
  }

  /** Find the report's training of the chosen network, if it has one. */
  compare() {
    const {cell, width, seed, rate} = this.settings();
    this.stop();
    this.epochs = [];
    this.theirs = rate !== this.data.fit.rate ? undefined
      : this.data.trainings.find((t) => t.cell === cell && t.width === width && t.seed === seed);
    this.progress.textContent = "";
    this.note.textContent = this.theirs ? `The report trained this network: ${this.theirs.loss.length} epochs, test ` +
      `accuracy ${this.theirs.test_accuracy.at(-1).toFixed(2)}.` : "The report has no training of this network.";
    this.redraw();
  }

  train() {
    this.compare();
    const {rate, ...chosen} = this.settings(), {handwriting, steps} = this.data;
    const address = URL.createObjectURL(new Blob([this.script], {type: "text/javascript"}));
    this.worker = new Worker(address);
    this.worker.onmessage = ({data}) => (data.digest ? this.finish(data.digest) : this.epoch(data));
    this.worker.onerror = (event) => this.stop(`The training failed: ${event.message}`);
    this.worker.postMessage({...chosen, handwriting, steps, options: {...this.data.fit, rate}});
    URL.revokeObjectURL(address);
    this.toggle.textContent = "Stop";
    this.note.textContent = "Training.";
  }

  stop(why) {
    this.worker?.terminate();
    this.worker = null;
    this.toggle.textContent = "Train";
    if (why) this.note.textContent = why;
  }

  epoch(told) {
    this.epochs.push(told);
    const {epoch, loss, accuracy, testAccuracy, seconds} = told;
    this.progress.textContent = `Epoch ${epoch}: loss ${loss.toFixed(3)}, training accuracy ${accuracy.toFixed(2)}, ` +
      `test accuracy ${testAccuracy.toFixed(2)}, ${(epoch / seconds).toFixed(1)} epochs per second`;
    this.redraw();
  }

  finish(found) {
    const {reason, epoch} = this.epochs.at(-1), {theirs} = this;
    const verdict = !theirs ? "The report has none to compare it with."
      : theirs.digest === found ? "It is the report's, bit for bit." : "It is not the report's.";
    this.stop(`Trained for ${epoch} epochs, ${REASONS[reason]}. SHA-256 of the weights: ${found}. ${verdict}`);
  }

  paint() {
    const drawing = clean(this.canvas, 240), {pen, width, colours} = drawing, {epochs, theirs} = this;
    const box = {x: 34, y: 8, width: width - 44, height: 204}, last = this.data.fit.maxEpochs;
    const top = Math.max(1.7, ...epochs.map((e) => e.loss).filter(Number.isFinite), ...(theirs?.loss ?? []));
    const x = (k) => box.x + (box.width * k) / (last - 1), y = (v) => box.y + box.height * (1 - v / top);
    pen.strokeStyle = colours.line;
    pen.fillStyle = colours.ink;
    pen.strokeRect(box.x, box.y, box.width, box.height);
    for (const value of [0, 0.5, 1, 1.5]) pen.fillText(value.toFixed(1), 8, y(value) + 4);
    for (const epoch of [1, last / 2, last]) pen.fillText(`${epoch}`, x(epoch - 1) - 4 * `${epoch}`.length, 230);
    pen.fillText("epoch", box.x + box.width / 4, 230);
    for (const [ours, reported, dashes] of KINDS) {
      pen.globalAlpha = 0.5;
      if (theirs) curve(pen, theirs[reported], x, y, colours.ink, dashes, 1);
      pen.globalAlpha = 1;
      curve(pen, epochs.map((e) => e[ours]), x, y, colours[this.cell.value], dashes);
    }
    const {loss, testAccuracy} = epochs.at(-1) ?? {};
    const now = epochs.length ? `: loss ${loss.toFixed(3)}, test accuracy ${testAccuracy.toFixed(2)}` : "";
    this.canvas.setAttribute("aria-label", `Loss and accuracy over ${epochs.length} epochs${now}.`);
  }
}
