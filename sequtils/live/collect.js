// Draw characters of one's own, and have the kernel keep each on disk.
import {atNextPicture, button, labelled, make, onNewLook} from "./dom.js";
import {Pad} from "./pad.js";
import {clean, stroke} from "./pictures.js";

export class Collection {
  /** keep: asked to keep the points of a character, [[x, y], ...], under a name. */
  constructor(keep) {
    this.keep = () => keep(this.name.value, this.pad.points);
    this.pad = new Pad(() => this.redraw(), () => this.redraw(), () => this.redraw());
    this.name = make("input", {type: "text", autocomplete: "off", spellcheck: false, onkeydown: (e) => this.key(e)});
    this.pad.canvas.addEventListener("keydown", (e) => this.key(e));
    this.pad.canvas.setAttribute("aria-label", "Draw a character here. Arrow keys draw, Enter keeps it.");
    this.counts = make("ul", {className: "counts"});
    this.note = make("p", {className: "note", role: "status"});
    this.redraw = atNextPicture(() => this.paint());
    this.element = make("div", {className: "panel"}, make("div", {className: "columns"},
      make("section", {}, this.pad.canvas),
      make("section", {}, make("div", {className: "controls"}, labelled("Character", this.name),
           button("Keep", this.keep), button("Clear", () => this.clear())), this.note, this.counts)));
    onNewLook(this.pad.canvas, this.redraw);
  }

  key(event) {
    event.stopPropagation();  // a notebook would run the cell
    if (event.key === "Enter") this.keep();
  }

  clear() {
    this.pad.clear();
    this.redraw();
  }

  /** Tell what the kernel said of the last stroke; kept: whether the next one can be drawn. */
  answer(kept, said) {
    this.note.textContent = said;
    if (kept) this.clear();
  }

  /** counts: [class, training strokes, test strokes] of each class. */
  count(counts) {
    const told = ([name, train, test]) => `${name}: ${train + test}, of which ${test} to test with`;
    this.counts.replaceChildren(...counts.map((row) => make("li", {textContent: told(row)})));
  }

  paint() {
    const size = this.pad.canvas.clientWidth, drawing = clean(this.pad.canvas, size), {points} = this.pad;
    stroke(drawing, points.map(([x, y]) => [x * size, (1 - y) * size]), points.length - 1);
  }
}

export function render({model, el}) {
  const panel = new Collection((name, points) =>
    model.send({name}, undefined, [Float32Array.from(points.flat()).buffer]));
  const count = () => panel.count(model.get("counts")), answer = ({kept, said}) => panel.answer(kept, said);
  el.classList.add("live");
  el.append(panel.element);
  count();
  model.on("change:counts", count);
  model.on("msg:custom", answer);
  return () => {
    model.off("change:counts", count);
    model.off("msg:custom", answer);
  };
}
