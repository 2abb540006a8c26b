// The same canvas and networks in a notebook: what is drawn goes to the kernel, and what the kernel has is shown.
import {Strokes} from "./strokes.js";

const bytesOf = (view) => new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

/** A stroke's numbers from and to the bytes that the kernel has, little-endian single precision. */
const read = (view) => new Float32Array(bytesOf(view).slice().buffer);

export function render({model, el}) {
  const there = () => model.get("points");
  const panel = new Strokes(model.get("given"), (stroke) => {
    if (same(bytesOf(stroke), bytesOf(there()))) return;
    model.set("points", new DataView(stroke.slice().buffer));
    model.save_changes();
  });
  const take = () => same(bytesOf(panel.stroke), bytesOf(there())) || panel.put(read(there()));
  el.classList.add("live");
  el.append(panel.element);
  panel.start(read(there()), null);
  model.on("change:points", take);
  return () => model.off("change:points", take);
}
