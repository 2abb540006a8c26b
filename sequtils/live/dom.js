// Elements of the page. Whatever comes from data goes in as text, never as markup.

/** An element with properties (such as className, textContent), attributes where a name has a hyphen, and children. */
export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "role" || name.includes("-")) element.setAttribute(name, value);
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element[name] = value;
  }
  element.append(...children);
  return element;
}

export const button = (text, onclick) => make("button", {type: "button", textContent: text, onclick});

/** A field with its name before it. */
export const labelled = (text, field) => make("label", {}, make("span", {textContent: text}), field);

/** A list to choose from: [value, text] pairs. */
export function choice(options, onchange) {
  return make("select", {onchange}, ...options.map(([value, text]) => make("option", {value, textContent: text})));
}

export function slider(max, oninput) {
  return make("input", {type: "range", min: 0, max, step: 1, value: 0, oninput});
}

/** A function that calls f at the next picture, once, however often it was asked to. */
export function atNextPicture(f) {
  let asked = false;
  return () => {
    if (asked) return;
    asked = true;
    requestAnimationFrame(() => {
      asked = false;
      f();
    });
  };
}

/** Call f when the reader's system turns to dark or light, and when the element changes its width. */
export function onNewLook(element, f) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", f);
  new ResizeObserver(f).observe(element);
}

/** A slider over time with a button that moves it: onTime is told the frame; the note is not read aloud meanwhile. */
export class Player {
  constructor(onTime, note) {
    Object.assign(this, {onTime, note, playing: false});
    this.time = slider(0, () => this.go(Number(this.time.value)));
    this.toggle = button("Play", () => (this.playing ? this.pause() : this.play()));
    this.element = make("div", {className: "player"}, this.toggle, labelled("Time", this.time));
  }

  /** Frames from now on; the slider goes to the last one. */
  reset(frames) {
    this.pause();
    this.time.max = Math.max(frames - 1, 0);
    this.go(Math.max(frames - 1, 0));
  }

  go(t) {
    this.time.value = t;
    this.time.setAttribute("aria-valuetext", `frame ${t + 1} of ${Number(this.time.max) + 1}`);
    this.onTime(t);
  }

  /** From the beginning where it stands at the end; in a few jumps for a reader who wants little motion. */
  play() {
    const last = Number(this.time.max), still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (Number(this.time.value) >= last) this.go(0);
    this.playing = true;
    this.toggle.textContent = "Pause";
    this.quiet();
    const began = performance.now(), first = Number(this.time.value), pause = still ? 1000 : 0;
    const perSecond = Math.max(last / 4, 4);
    const step = (now) => {
      if (!this.playing) return;
      const seconds = Math.max(now - began, 0) / 1000, told = still ? Math.floor(seconds) : seconds;
      this.go(Math.min(first + Math.floor(told * perSecond), last));
      if (Number(this.time.value) >= last) this.pause();
      else setTimeout(() => requestAnimationFrame(step), pause);
    };
    requestAnimationFrame(step);
  }

  pause() {
    this.playing = false;
    this.toggle.textContent = "Play";
    this.note.setAttribute("aria-live", "polite");
  }

  quiet() {
    this.note.setAttribute("aria-live", "off");
  }
}
