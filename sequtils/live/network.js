// Stacked recurrent networks: forward pass, loss, backward pass and plain SGD, one sequence at a time.
//
// This is sequtils/engine/kernels again, and gives the same weights, bit for bit. IEEE 754 fixes + - * / of single
// precision; Math.fround after an operation on doubles gives just these results, because a double has more than twice
// the digits; and a Float32Array rounds what is written to it. What is left is the order of the sums, and every sum of
// the engine is one of the two below. Equations and the order of the parameters are PyTorch's.
//
// Left out: dropout while training, clipping, Adam and batches, which the networks that are trained here do without.

const round = Math.fround;

// ---- Sums ------------------------------------------------------------------------------------------------------------

/**
 * start + x w of n pairs, one after the other. The numbers of x stand at i, i + di, i + 2 di, ..., those of w at
 * j, j + dj, ...: so that a row or a column of a matrix can be read.
 */
function sum(start, n, x, i, di, w, j, dj) {
  let s = start;
  for (let k = 0; k < n; k++, i += di, j += dj) s = round(s + round(x[i] * w[j]));
  return s;
}

/** The same in four sums, each of every fourth pair; a rest of fewer than four goes to the first. */
function sumInFour(start, n, x, i, di, w, j, dj) {
  let s0 = start, s1 = 0, s2 = 0, s3 = 0;
  let k = 0;
  for (; k + 3 < n; k += 4, i += 4 * di, j += 4 * dj) {
    s0 = round(s0 + round(x[i] * w[j]));
    s1 = round(s1 + round(x[i + di] * w[j + dj]));
    s2 = round(s2 + round(x[i + 2 * di] * w[j + 2 * dj]));
    s3 = round(s3 + round(x[i + 3 * di] * w[j + 3 * dj]));
  }
  for (; k < n; k++, i += di, j += dj) s0 = round(s0 + round(x[i] * w[j]));
  return round(round(s0 + s1) + round(s2 + s3));
}

const ONE = new Float32Array([1]);  // summed with: n products by it are the sum of n numbers

// ---- Exponential functions -------------------------------------------------------------------------------------------

const LOG2_E = round(1.4426950408889634);
const SHIFT = 1.5 * 2 ** 23 + 127;  // so large that its last bit counts ones: adding it rounds to a whole number
const C = [1];  // ln(2)^i / i!
for (let i = 1; i < 8; i++) C.push(C[i - 1] * 0.6931471805599453 / i);
const [C0, C1, C2, C3, C4, C5, C6, C7] = C.map(round);
const POWERS = [1];  // of 1/2, each exact
for (let k = 1; k <= 127; k++) POWERS.push(POWERS[k - 1] / 2);

/** e^x = 2^y = 2^k 2^f of x <= 0, with k whole and |f| <= 1/2; 2^f is a Taylor polynomial in Estrin's order. */
export function exp(x) {
  if (x < -87) return 0;
  const y = round(x * LOG2_E);
  const k = round(round(y + SHIFT) - SHIFT);
  const power = POWERS[0 - k], f = round(y - k);
  const f2 = round(f * f), f4 = round(f2 * f2);
  const low = round(round(C0 + round(C1 * f)) + round(round(C2 + round(C3 * f)) * f2));
  const high = round(round(C4 + round(C5 * f)) + round(round(C6 + round(C7 * f)) * f2));
  return round(round(low * power) + round(high * round(f4 * power)));
}

export function tanh(x) {
  const e = exp(round(Math.abs(x) * -2));
  const y = round(round(1 - e) / round(1 + e));
  return x > 0 ? y : x < 0 ? -y : x;  // 0, -0 and NaN are their own
}

export function sigmoid(x) {
  const e = exp(-Math.abs(x));
  return round((x < 0 ? e : 1) / round(1 + e));
}

/** Natural logarithm of x >= 1, in double precision: x = m 2^k, log m = 2 artanh((m - 1) / (m + 1)), as a series. */
export function log(x) {
  let k = 0;
  for (; x > 1.4142135623730951; k++) x /= 2;
  const s = (x - 1) / (x + 1);
  let total = 0;
  for (let i = 25; i > 0; i -= 2) total = total * (s * s) + 1 / i;
  return k * 0.6931471805599453 + 2 * s * total;
}

/** x, or 0 for what is hardly a normal number any more. */
function flushed(x) {
  return Math.abs(x) < 2 ** -100 ? 0 : x;
}

// ---- Cells -----------------------------------------------------------------------------------------------------------
// A layer has n units and `gates` sums a unit. Of frame t: the sums, then the gates, then the loss's derivatives by the
// sums stand in a at t gates n, gate by gate; h and c begin with the state 0 before the first frame, so that h_t stands
// at (t + 1) n. What W_hh adds goes into the same sums, but for a GRU's n: derivatives by what it adds stand in s.

/** Elman (1990): h_t = tanh(a_t + W_hh h_{t-1}), where a_t = W_ih x_t + b_ih + b_hh. */
function rnnForward({n, W_hh}, T, {a, h}) {
  for (let t = 0; t < T; t++) {
    for (let j = 0; j < n; j++) {
      h[(t + 1) * n + j] = tanh(sumInFour(a[t * n + j], n, h, t * n, 1, W_hh, j * n, 1));
    }
  }
}

/** Werbos (1990): da_t = (dh_t + W_hh^T da_{t+1}) (1 - h_t^2), where dh comes from above. */
function rnnBackward({n, W_hh}, T, {a, h}, dh) {
  for (let t = T - 1; t >= 0; t--) {
    for (let j = 0; j < n; j++) {
      const h_t = h[(t + 1) * n + j];
      let dh_t = dh[t * n + j];
      if (t + 1 < T) dh_t = sumInFour(dh_t, n, a, (t + 1) * n, 1, W_hh, j, n);
      a[t * n + j] = flushed(round(dh_t * round(1 - round(h_t * h_t))));
    }
  }
}

/**
 * Gers et al. (2000): the gates i, f, g, o are functions of a_t + W_hh h_{t-1}; c_t = f c_{t-1} + i g;
 * h_t = o tanh(c_t).
 */
function lstmForward({n, W_hh}, T, {a, h, c, tanh_c}) {
  for (let t = 0; t < T; t++) {
    for (let j = 0; j < n; j++) {
      const at = t * 4 * n + j;
      const gate = (g) => sumInFour(a[at + g * n], n, h, t * n, 1, W_hh, (g * n + j) * n, 1);
      const i = sigmoid(gate(0)), f = sigmoid(gate(1)), g = tanh(gate(2)), o = sigmoid(gate(3));
      const c_t = round(round(f * c[t * n + j]) + round(i * g));
      const tanh_c_t = tanh(c_t);
      a[at] = i;
      a[at + n] = f;
      a[at + 2 * n] = g;
      a[at + 3 * n] = o;
      c[(t + 1) * n + j] = c_t;
      tanh_c[t * n + j] = tanh_c_t;
      h[(t + 1) * n + j] = round(o * tanh_c_t);
    }
  }
}

/**
 * Graves and Schmidhuber (2005): dh_t += W_hh^T da_{t+1}; dc_t = dc_{t+1} f_{t+1} + dh_t o (1 - tanh(c_t)^2). The
 * derivatives by the sums replace the gates.
 */
function lstmBackward({n, W_hh}, T, {a, c, tanh_c}, dh) {
  const dc = new Float32Array(n);
  for (let t = T - 1; t >= 0; t--) {
    for (let j = 0; j < n; j++) {
      const at = t * 4 * n + j, tanh_c_t = tanh_c[t * n + j];
      const i = a[at], f = a[at + n], g = a[at + 2 * n], o = a[at + 3 * n];
      let dh_t = dh[t * n + j];
      if (t + 1 < T) {
        const by = (g, start) => sumInFour(start, n, a, ((t + 1) * 4 + g) * n, 1, W_hh, g * n * n + j, n);
        dh_t = round(round(by(0, dh_t) + by(1, 0)) + round(by(2, 0) + by(3, 0)));
      }
      const dc_t = round(dc[j] + round(round(dh_t * o) * round(1 - round(tanh_c_t * tanh_c_t))));
      a[at] = flushed(round(round(round(dc_t * g) * i) * round(1 - i)));
      a[at + n] = flushed(round(round(round(dc_t * c[t * n + j]) * f) * round(1 - f)));
      a[at + 2 * n] = flushed(round(round(dc_t * i) * round(1 - round(g * g))));
      a[at + 3 * n] = flushed(round(round(round(dh_t * tanh_c_t) * o) * round(1 - o)));
      dc[j] = flushed(round(dc_t * f));
    }
  }
}

/**
 * Cho et al. (2014), as in PyTorch: r and z are sigmoids of a_t + W_hh h_{t-1}; n = tanh(a_t + r s_t), with the inner
 * sum s_t = W_hn h_{t-1} + b_hn; h_t = (1 - z) n + z h_{t-1}.
 */
function gruForward({n, W_hh, b_hh}, T, {a, s, h}) {
  for (let t = 0; t < T; t++) {
    for (let j = 0; j < n; j++) {
      const at = t * 3 * n + j;
      const inner = (g, start) => sumInFour(start, n, h, t * n, 1, W_hh, (g * n + j) * n, 1);
      const r = sigmoid(inner(0, a[at])), z = sigmoid(inner(1, a[at + n])), s_t = inner(2, b_hh[2 * n + j]);
      const n_t = tanh(round(a[at + 2 * n] + round(r * s_t)));
      a[at] = r;
      a[at + n] = z;
      a[at + 2 * n] = n_t;
      s[at + 2 * n] = s_t;
      h[(t + 1) * n + j] = round(round(round(1 - z) * n_t) + round(z * h[t * n + j]));
    }
  }
}

/**
 * The derivatives by the sums that hold W_ih x_t replace the gates, those by the sums that hold W_hh h_{t-1} fill s:
 * dn by the outer sum, ds = dn r by the inner one. dh_t += dh_{t+1} z_{t+1} + W_hh^T ds_{t+1}.
 */
function gruBackward({n, W_hh}, T, {a, s, h}, dh) {
  const dz = new Float32Array(n);
  for (let t = T - 1; t >= 0; t--) {
    for (let j = 0; j < n; j++) {
      const at = t * 3 * n + j;
      const r = a[at], z = a[at + n], n_t = a[at + 2 * n];
      let dh_t = dh[t * n + j];
      if (t + 1 < T) {
        const by = (g, start) => sumInFour(start, n, s, ((t + 1) * 3 + g) * n, 1, W_hh, g * n * n + j, n);
        dh_t = round(round(by(0, dh_t) + by(1, dz[j])) + by(2, 0));
      }
      const dn = round(round(dh_t * round(1 - z)) * round(1 - round(n_t * n_t)));
      a[at] = s[at] = flushed(round(round(round(dn * s[at + 2 * n]) * r) * round(1 - r)));
      a[at + n] = s[at + n] = flushed(round(round(round(dh_t * round(h[t * n + j] - n_t)) * z) * round(1 - z)));
      a[at + 2 * n] = flushed(dn);
      s[at + 2 * n] = flushed(round(dn * r));
      dz[j] = flushed(round(dh_t * z));
    }
  }
}

export const CELLS = {
  rnn: {gates: 1, forward: rnnForward, backward: rnnBackward},
  lstm: {gates: 4, forward: lstmForward, backward: lstmBackward},
  gru: {gates: 3, inner: 2, forward: gruForward, backward: gruBackward},  // gate n has an inner sum
};

// ---- Layers and head -------------------------------------------------------------------------------------------------

/** Parameters in a layer with m inputs and n units. */
const parametersOf = (cell, m, n) => CELLS[cell].gates * n * (m + n + 2);

class Layer {
  constructor(cell, m, n, weights, gradient) {
    const {gates} = CELLS[cell];
    Object.assign(this, {m, n, gates, cell: CELLS[cell]});
    let at = 0;
    for (const [name, count] of [["W_ih", m], ["W_hh", n], ["b_ih", 1], ["b_hh", 1]]) {
      const end = at + gates * n * count;
      this[name] = weights.subarray(at, end);  // (gates n, count)
      this["d" + name] = gradient.subarray(at, end);
      at = end;
    }
  }

  /** The outputs (T, n) for inputs x (T, m); what the way back needs is kept. */
  forward(x, T) {
    const {m, n, W_ih, b_ih, b_hh} = this, sums = this.gates * n;
    const a = new Float32Array(T * sums), tanh_c = new Float32Array(T * n);
    const h = new Float32Array((T + 1) * n), c = new Float32Array((T + 1) * n);
    const s = this.cell.inner ? new Float32Array(T * sums) : a;
    const bias = b_ih.map((b, j) => (j >= this.cell.inner * n ? b : b + b_hh[j]));
    for (let t = 0; t < T; t++) {
      for (let j = 0; j < sums; j++) a[t * sums + j] = sum(bias[j], m, x, t * m, 1, W_ih, j * m, 1);
    }
    Object.assign(this, {x, T, a, s, h, c, tanh_c});
    this.cell.forward(this, T, this);
    return h.subarray(n);
  }

  /** The gradient, from the loss's derivatives dh (T, n) by the outputs. After it, a holds those by the sums. */
  backward(dh) {
    const {m, n, T, x, a, s, h} = this, sums = this.gates * n;
    this.cell.backward(this, T, this, dh);
    for (let j = 0; j < sums; j++) {
      for (let k = 0; k < m; k++) this.dW_ih[j * m + k] = sum(0, T, x, k, m, a, j, sums);  // sum of da_t x_t^T
      for (let k = 0; k < n; k++) this.dW_hh[j * n + k] = sum(0, T, h, k, n, s, j, sums);  // sum of ds_t h_{t-1}^T
      this.db_ih[j] = sumInFour(0, T, a, j, sums, ONE, 0, 0);
      this.db_hh[j] = sumInFour(0, T, s, j, sums, ONE, 0, 0);
    }
  }

  /** The loss's derivatives by the inputs, W_ih^T da_t (T, m), after `backward`. */
  byInputs() {
    const {m, T, a, W_ih} = this, sums = this.gates * this.n, dx = new Float32Array(T * m);
    for (let t = 0; t < T; t++) {
      for (let k = 0; k < m; k++) dx[t * m + k] = sum(0, sums, a, t * sums, 1, W_ih, k, m);
    }
    return dx;
  }
}

/** Place of the largest logit; NaN counts as the largest, as in NumPy and PyTorch. */
export function argmax(z) {
  let best = 0;
  for (let j = 1; j < z.length; j++) if (z[j] > z[best] || (z[j] !== z[j] && z[best] === z[best])) best = j;
  return best;
}

export function softmax(z) {
  const highest = z[argmax(z)], p = z.map((z_j) => exp(round(z_j - highest)));
  let total = p[0];
  for (let j = 1; j < p.length; j++) total = round(total + p[j]);
  return {p: p.map((p_j) => p_j / total), total, highest};
}

/** Cross-entropy of the logits z, in double precision, and its derivatives dz = softmax(z) - onehot(label). */
export function softmaxLoss(z, label) {
  const {p: dz, total, highest} = softmax(z);
  dz[label] -= 1;
  return {loss: log(total) - (z[label] - highest), dz};
}

// ---- The network -----------------------------------------------------------------------------------------------------

export class Network {
  /**
   * cell: a name in CELLS. sizes: [D, ...hidden, C], of a frame, each layer and the classes. weights: Float32Array in
   * the order of PyTorch's parameters, changed in place by `step`. pooling: the head reads the "last" frame's output,
   * or the "mean" of all.
   */
  constructor(cell, sizes, weights, pooling = "last") {
    const C = sizes.at(-1), n = sizes.at(-2);
    Object.assign(this, {cell, C, n, weights, pooling, inputs: sizes[0], gradient: new Float32Array(weights.length)});
    this.layers = [];
    let at = 0;
    for (let k = 0; k + 2 < sizes.length; k++) {
      const end = at + parametersOf(cell, sizes[k], sizes[k + 1]);
      const [own, its] = [weights, this.gradient].map((flat) => flat.subarray(at, end));
      this.layers.push(new Layer(cell, sizes[k], sizes[k + 1], own, its));
      at = end;
    }
    const expected = at + C * (n + 1);
    if (weights.length !== expected) throw new RangeError(`${weights.length} weights, expected ${expected}`);
    [this.W, this.dW] = [weights, this.gradient].map((flat) => flat.subarray(at, at + C * n));  // (C, n)
    [this.b, this.db] = [weights, this.gradient].map((flat) => flat.subarray(at + C * n));
  }

  /** Logits (C,) of a sequence x, a Float32Array of T frames one after the other. */
  forward(x) {
    this.T = x.length / this.inputs;
    this.outputs = this.layers.reduce((y, layer) => layer.forward(y, this.T), x);  // (T, n) of the last layer
    return this.logitsAfter(this.T);
  }

  /** What the logits of the last `forward` would have been, had the sequence ended after its first T frames. */
  logitsAfter(T) {
    const {n} = this;
    this.read = this.outputs.slice((T - 1) * n, T * n);
    if (this.pooling === "mean") {
      for (let j = 0; j < n; j++) this.read[j] = sumInFour(0, T, this.outputs, j, n, ONE, 0, 0) / T;
    }
    return this.b.map((b, j) => sumInFour(b, n, this.read, 0, 1, this.W, j * n, 1));
  }

  /** The gradient of all parameters, after `forward`, from the loss's derivatives dz by the logits. */
  backward(dz) {
    const {n, C, T, pooling} = this;
    let dh = new Float32Array(T * n);
    for (let k = 0; k < n; k++) {
      for (let j = 0; j < C; j++) this.dW[j * n + k] = sum(0, 1, this.read, k, 1, dz, j, 1);
      const dx = sumInFour(0, C, dz, 0, 1, this.W, k, n);
      for (let t = pooling === "mean" ? 0 : T - 1; t < T; t++) dh[t * n + k] = pooling === "mean" ? dx / T : dx;
    }
    this.db.set(dz);
    for (let k = this.layers.length - 1; k >= 0; k--) {
      this.layers[k].backward(dh);
      if (k > 0) dh = this.layers[k].byInputs();
    }
  }

  /** One step of SGD on one sequence; the loss and whether the class was right, both before the step. */
  step(x, label, rate) {
    const z = this.forward(x), {loss, dz} = softmaxLoss(z, label);
    this.backward(dz);
    rate = round(rate);
    for (let i = 0; i < this.weights.length; i++) this.weights[i] -= round(this.gradient[i] * rate);
    return {loss, right: argmax(z) === label};
  }

  /** Mean cross-entropy and accuracy on sequences x with the classes y. */
  evaluate(x, y) {
    return mean(x.length, (i) => {
      const z = this.forward(x[i]);
      return {loss: softmaxLoss(z, y[i]).loss, right: argmax(z) === y[i]};
    });
  }

  /** One epoch of SGD in the given order; mean loss and accuracy, each sequence's just before its own step. */
  epoch(x, y, order, rate) {
    return mean(order.length, (place) => this.step(x[order[place]], y[order[place]], rate));
  }
}

function mean(N, measure) {
  let loss = 0, hits = 0;
  for (let place = 0; place < N; place++) {
    const measured = measure(place);
    loss += measured.loss;
    hits += measured.right;
  }
  return {loss: loss / N, accuracy: hits / N};
}

/**
 * Training as sequtils/engine/training.py does it: yields after each epoch what it measured, with the reason where it
 * was the last one. train, test: {x, y}; nextOrder: gives the order of the next epoch.
 */
export function* fit(network, train, test, nextOrder, {rate, maxEpochs, patience, minDelta}) {
  let best = Infinity, waited = 0, reason = "";
  for (let epoch = 1; !reason; epoch++) {
    const {loss, accuracy} = network.epoch(train.x, train.y, nextOrder(), rate);
    const {loss: testLoss, accuracy: testAccuracy} = network.evaluate(test.x, test.y);
    [best, waited] = loss < best - minDelta ? [loss, 0] : [best, waited + 1];
    if (epoch >= maxEpochs) reason = "max_epochs";
    if (waited >= patience) reason = "converged";
    if (!Number.isFinite(loss)) reason = "diverged";
    yield {epoch, loss, accuracy, testLoss, testAccuracy, reason};
  }
}
