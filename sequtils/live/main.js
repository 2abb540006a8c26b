// The page gives this script its data and a place; the worker that trains is the same script, without a page.
import {make} from "./dom.js";
import {Segments} from "./segments.js";
import {Strokes} from "./strokes.js";
import {Trainer, work} from "./trainer.js";

function show() {
  const data = JSON.parse(document.getElementById("live-data").textContent);
  const script = document.getElementById("live-script").textContent, place = document.getElementById("live");
  const panels = [
    ["Draw a stroke", data.handwriting.label, new Strokes(data)],
    ["Choose a segment", data.cv.label, new Segments(data)],
    ["Train it here", data.handwriting.label, new Trainer(data, script)],
  ];
  place.className = "live";
  for (const [title, label, panel] of panels) {
    place.append(make("h3", {textContent: title}), make("p", {className: "label", textContent: label}), panel.element);
    panel.start();
  }
}

if (typeof document === "undefined") work();
else show();
