// Features of one sequence, as sequtils/data/features.py computes them: in double precision but where Python stays in
// single, which is what a typed array keeps by itself. x holds T frames of D numbers, one after the other.

/** Scale each column to [0, 1]; a constant one becomes 0. */
function minmax(x, D) {
  const out = new x.constructor(x.length);
  for (let d = 0; d < D; d++) {
    let low = Infinity, high = -Infinity;
    for (let i = d; i < x.length; i += D) [low, high] = [Math.min(low, x[i]), Math.max(high, x[i])];
    const extent = x.constructor.of(high - low)[0] || 1;
    for (let i = d; i < x.length; i += D) {
      out[i] = x[i] - low;
      out[i] /= extent;
    }
  }
  return out;
}

/** n points at equal distances along the line through the points x; its ends stay. */
function resample(x, D, n) {
  const T = x.length / D, s = new Float64Array(T);  // s: length of the line up to each point
  for (let t = 1; t < T; t++) {
    let squares = 0;
    for (let d = 0; d < D; d++) squares += (x[t * D + d] - x[(t - 1) * D + d]) ** 2;
    s[t] = s[t - 1] + Math.sqrt(squares);
  }
  let k = 0;
  return between(x, D, n, (i) => {
    const at = (s[T - 1] * i) / (n - 1);
    while (k < T - 2 && s[k + 1] <= at) k++;
    const after = Math.min(k + 1, T - 1);
    return [k, after, Math.min(Math.max((at - s[k]) / (s[after] - s[k] || 1), 0), 1)];
  });
}

/** n frames at equal distances in time. */
function stretch(x, D, n) {
  const T = x.length / D;
  return between(x, D, n, (i) => {
    const time = i * ((T - 1) / (n - 1)), k = Math.min(Math.floor(time), Math.max(T - 2, 0));
    return [k, Math.min(k + 1, T - 1), time - k];
  });
}

/** n frames, frame i a `part` of the way from frame k of x to frame `after`, [k, after, part] = place(i). */
function between(x, D, n, place) {
  const out = new Float64Array(n * D);
  for (let i = 0; i < n; i++) {
    const [k, after, part] = place(i);
    for (let d = 0; d < D; d++) out[i * D + d] = x[k * D + d] * (1 - part) + x[after * D + d] * part;
  }
  return out;
}

/** The logarithm of T as one more column. */
function duration(x, D) {
  const T = x.length / D, out = new Float64Array(T * (D + 1)).fill(Math.log(T));
  for (let t = 0; t < T; t++) out.set(x.subarray(t * D, (t + 1) * D), t * (D + 1));
  return out;
}

function standardise(x, D, {mean, deviation}) {
  return Float64Array.from(x, (x_i, i) => (x_i - mean[i % D]) / deviation[i % D]);
}

const STEPS = {raw: (x) => x, minmax, resample, stretch, duration, standardise};

/**
 * x of D columns put through the steps of a recipe, [name, argument] each; single precision, as a network reads it.
 * The argument is the n of "resample" and "stretch", and {mean, deviation} of "standardise".
 */
export function prepare(x, D, recipe) {
  for (const [name, argument] of recipe) {
    x = STEPS[name](x, D, argument);
    if (name === "duration") D += 1;
  }
  return Float32Array.from(x);
}

/** The steps of a recipe that change the number of frames: what a network sees, in the sequence's own units. */
export const spacing = (recipe) => recipe.filter(([name]) => name === "resample" || name === "stretch");
