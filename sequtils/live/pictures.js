// What is drawn: curves, heat maps, strokes. Colours are those of the style sheet, on light and on dark paper.

const NAMES = ["paper", "ink", "line", "low", "high", "rnn", "lstm", "gru"];
const DASHES = [[], [6, 3], [2, 2], [8, 3, 2, 3], [12, 4]];

/** The drawing of a canvas, cleared, `height` high and as wide as the page lets it be, and the colours. */
export function clean(canvas, height) {
  const scale = devicePixelRatio || 1, width = canvas.clientWidth;
  if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
    [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
    canvas.style.height = `${height}px`;
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(scale, 0, 0, scale, 0, 0);
  pen.clearRect(0, 0, width, height);
  pen.font = "12px system-ui, sans-serif";
  return {pen, width, height, colours: coloursOf(canvas)};
}

function coloursOf(element) {
  const style = getComputedStyle(element), colours = {};
  for (const name of NAMES) colours[name] = style.getPropertyValue(`--${name}`).trim();
  colours.classes = Array.from({length: 8}, (_, i) => style.getPropertyValue(`--class-${i}`).trim());
  return colours;
}

/** Red, green and blue of #rrggbb, or of #rgb for short. */
function channels(hex) {
  const long = hex.length === 4 ? hex.replace(/\w/g, "$&$&") : hex;
  return [1, 3, 5].map((i) => parseInt(long.slice(i, i + 2), 16));
}

/** 511 colours of numbers from -1 to 1: from `low` over the paper to `high`. */
export function shades({paper, low, high}) {
  const [middle, ends] = [channels(paper), [channels(low), channels(high)]];
  return Array.from({length: 511}, (_, k) => {
    const share = Math.abs(k - 255) / 255, end = ends[Number(k > 255)];
    return middle.map((m, i) => Math.round(m + share * (end[i] - m)));
  });
}

export const shadeOf = (palette, value) => palette[255 + Math.round(255 * Math.max(-1, Math.min(1, value || 0)))];

/** Rows of numbers from -1 to 1 over T frames, value(row, t), in the given box. */
export function heatMap({pen, colours}, box, rows, T, value) {
  const palette = shades(colours), image = new ImageData(Math.max(T, 1), Math.max(rows, 1));
  for (let row = 0; row < rows; row++) {
    for (let t = 0; t < T; t++) image.data.set([...shadeOf(palette, value(row, t)), 255], 4 * (row * T + t));
  }
  const small = new OffscreenCanvas(image.width, image.height);
  small.getContext("2d").putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(small, box.x, box.y, box.width, box.height);
  pen.strokeStyle = colours.line;
  pen.strokeRect(box.x, box.y, box.width, box.height);
}

/** A line through the numbers that are there; x, y: places of number k and of its value. */
export function curve(pen, values, x, y, colour, dashes = [], width = 2) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.setLineDash(dashes);
  pen.beginPath();
  values.forEach((value, k) => Number.isFinite(value) && pen.lineTo(x(k), y(value)));
  pen.stroke();
  pen.setLineDash([]);
  pen.lineWidth = 1;
}

/** Probability of each class (T rows of C) over time, each line named at its end, the names apart from each other. */
export function probabilities({pen, colours}, box, classes, p) {
  pen.strokeStyle = colours.line;
  pen.strokeRect(box.x, box.y, box.width, box.height);
  if (!p.length) return;
  const x = (t) => box.x + (box.width * (t + 0.5)) / p.length, y = (q) => box.y + box.height * (1 - q);
  classes.forEach((_, c) => {
    curve(pen, p.map((q) => q[c]), x, y, colours.classes[c % 8], DASHES[c % DASHES.length]);
  });
  const ends = classes.map((name, c) => ({name, c, at: y(p.at(-1)[c] || 0)})).sort((a, b) => a.at - b.at);
  const gap = Math.min(14, box.height / classes.length);
  ends.forEach((end, k) => (end.at = Math.max(end.at, k ? ends[k - 1].at + gap : box.y + 6)));
  let floor = box.y + box.height;
  for (const end of ends.reverse()) {
    end.at = Math.min(end.at, floor);
    floor = end.at - gap;
    pen.fillStyle = colours.classes[end.c % 8];
    pen.fillText(end.name, box.x + box.width + 4, end.at + 4, 52);
  }
}

/** A mark at frame t of T. */
export function cursor({pen, colours}, box, t, T) {
  pen.fillStyle = colours.ink;
  pen.globalAlpha = 0.6;
  pen.fillRect(box.x + (box.width * (t + 0.5)) / T - 1, box.y, 2, box.height);
  pen.globalAlpha = 1;
}

/** Points [x, y] joined in their order up to frame t, each piece in its own colour, and a ring where the pen began. */
export function stroke({pen, colours}, points, t, colourOf) {
  pen.lineCap = "round";
  for (let k = 1; k < points.length; k++) {
    pen.globalAlpha = k <= t ? 1 : 0.25;
    pen.strokeStyle = colourOf ? colourOf(k) : colours.ink;
    pen.lineWidth = colourOf ? 6 : 3;
    pen.beginPath();
    pen.moveTo(...points[k - 1]);
    pen.lineTo(...points[k]);
    pen.stroke();
  }
  pen.globalAlpha = 1;
  pen.lineWidth = 2;
  pen.strokeStyle = colours.ink;
  for (const [k, radius] of [[0, 6], [t, 4]]) {
    if (!points[k]) continue;
    pen.beginPath();
    pen.arc(...points[k], radius, 0, 2 * Math.PI);
    pen.stroke();
  }
}
