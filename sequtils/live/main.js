// The page gives this script its data and a place; the worker that trains is the same script, without a page.
import {make} from "./dom.js";
import {Segments} from "./segments.js";
import {Strokes} from "./strokes.js";
import {Trainer, work} from "./trainer.js";

function show() {
  const data = JSON.parse(document.getElementById("live-data").textContent);
  const script = document.getElementById("live-script").textContent, place = document.getElementById("live");
  const {handwriting, cv} = data, panels = [];  // a report may be about one of them
  if (handwriting) panels.push(["Draw a stroke", handwriting.label, new Strokes(data)]);
  if (cv) panels.push(["Choose a segment", cv.label, new Segments(data)]);
  if (handwriting) panels.push(["Train it here", handwriting.label, new Trainer(data, script)]);
  place.className = "live";
  for (const [title, label, panel] of panels) {
    place.append(make("h3", {textContent: title}), make("p", {className: "label", textContent: label}), panel.element);
    panel.start();
  }
}

if (typeof document === "undefined") work();
else show();
