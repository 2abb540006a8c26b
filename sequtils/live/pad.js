// A canvas to draw one stroke on, with a mouse, a pen, a finger or the arrow keys.
import {make} from "./dom.js";

const STEP = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1]};

export class Pad {
  /**
   * onBegin: told when a stroke begins anew; onGrow: when it has more points; onEnd: when the pen is lifted. The points
   * [x, y] are from 0 to 1, y upwards, one for each that the pen told of.
   */
  constructor(onBegin, onGrow, onEnd) {
    Object.assign(this, {onBegin, onGrow, onEnd, points: [], drawing: false});
    this.canvas = make("canvas", {
      className: "pad", tabIndex: 0, role: "img", onkeydown: (e) => this.key(e),
      onpointerdown: (e) => this.begin(e), onpointermove: (e) => this.draw(e),
      onpointerup: () => this.end(), onpointercancel: () => this.end(),
    });
  }

  clear() {
    this.points = [];
  }

  begin(event) {
    event.preventDefault();
    this.canvas.focus({preventScroll: true});
    this.canvas.setPointerCapture(event.pointerId);
    this.clear();
    this.onBegin();
    this.drawing = true;
    this.draw(event);
  }

  draw(event) {
    if (!this.drawing) return;
    const events = event.getCoalescedEvents?.() ?? [], size = this.canvas.clientWidth;
    for (const e of events.length ? events : [event]) this.points.push([e.offsetX / size, 1 - e.offsetY / size]);
    this.onGrow();
  }

  end() {
    if (!this.drawing) return;
    this.drawing = false;
    this.onEnd();
  }

  key(event) {
    const step = STEP[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();  // a notebook would go to another cell
    if (!this.points.length) {
      this.onBegin();
      this.points.push([0.5, 0.5]);
    }
    const [x, y] = this.points.at(-1);
    this.points.push([x + 0.04 * step[0], y + 0.04 * step[1]].map((v) => Math.max(0, Math.min(1, v))));
    this.onGrow();
  }
}
