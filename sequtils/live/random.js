// NumPy's random numbers, and from them the initial weights and the orders of the sequences that Python draws.
//
// numpy.random.default_rng: SeedSequence (O'Neill 2015), PCG64 (O'Neill 2014), normal variates by the ziggurat method
// (Marsaglia and Tsang 2000).

// ---- Bits ------------------------------------------------------------------------------------------------------------

/** Eight words of 32 bits from a list of whole numbers below 2^32. */
export function seedWords(entropy) {
  let key = 0x43b0d7e5;
  const hash = (value, factor) => {
    value ^= key;
    key = Math.imul(key, factor);
    value = Math.imul(value, key);
    return value ^ (value >>> 16);
  };
  const mix = (x, y) => {
    const both = Math.imul(0xca01f9dd, x) - Math.imul(0x4973f715, y);
    return both ^ ((both | 0) >>> 16);
  };
  const pool = [0, 1, 2, 3].map((i) => hash(entropy[i] ?? 0, 0x931e8875));
  for (let from = 0; from < Math.max(4, entropy.length); from++) {
    for (let to = 0; to < 4; to++) {
      if (from !== to) pool[to] = mix(pool[to], hash(from < 4 ? pool[from] : entropy[from], 0x931e8875));
    }
  }
  key = 0x8b51f9dd;
  return [0, 1, 2, 3, 4, 5, 6, 7].map((i) => hash(pool[i % 4], 0x58f38ded) >>> 0);
}

const LOW = (1n << 64n) - 1n;
const FACTOR = 0x2360ed051fc65da44385df649fccf645n;

export class Generator {
  /** entropy: a list such as [seed, stream]. steps: NumPy's 256 widths of a ziggurat's layers, for `normal`. */
  constructor(entropy, steps) {
    const w = seedWords(entropy).map(BigInt), at = (i) => (w[i + 1] << 32n) | w[i];
    this.increment = BigInt.asUintN(128, (((at(4) << 64n) | at(6)) << 1n) | 1n);
    this.state = this.increment;
    this.state += (at(0) << 64n) | at(2);
    this.advance();
    this.steps = steps;
  }

  advance() {
    this.state = BigInt.asUintN(128, this.state * FACTOR + this.increment);
  }

  /** 64 random bits, a BigInt. */
  bits() {
    this.advance();
    const folded = (this.state >> 64n) ^ (this.state & LOW), turn = this.state >> 122n;
    return BigInt.asUintN(64, (folded >> turn) | (folded << (64n - turn)));
  }

  /** 32 random bits: the lower half of 64, then the upper one. */
  word() {
    if (this.half !== undefined) {
      const upper = this.half;
      this.half = undefined;
      return upper;
    }
    const both = this.bits();
    this.half = Number(both >> 32n);
    return Number(both & 0xffffffffn);
  }

  /** A number in [0, 1). */
  unit() {
    return Number(this.bits() >> 11n) / 2 ** 53;
  }

  /** 0 to n - 1 in a random order. */
  permutation(n) {
    const order = Array.from({length: n}, (_, i) => i);
    for (let i = n - 1; i > 0; i--) {
      const mask = 2 ** (32 - Math.clz32(i)) - 1;
      let j;
      do j = (this.word() & mask) >>> 0; while (j > i);
      [order[i], order[j]] = [order[j], order[i]];
    }
    return order;
  }

  /** A normal variate of deviation 1. Layer k of the ziggurat ends at X(k); most draws lie below the next one's end. */
  normal() {
    const X = (k) => this.steps[k] * 2 ** 52, height = (k) => Math.exp(-0.5 * X(k) ** 2);
    for (;;) {
      const drawn = this.bits(), k = Number(drawn & 255n);
      const place = Number((drawn >> 9n) & ((1n << 52n) - 1n));
      const x = place * this.steps[k], signed = (drawn >> 8n) & 1n ? -x : x;
      const inside = k === 0 ? X(255) : k === 1 ? 0 : X(k - 1);
      if (x < inside) return signed;
      if (k === 0) return this.tail(X(255), (place / 256) & 1);
      const above = k === 1 ? 1 : height(k - 1);
      if ((above - height(k)) * this.unit() + height(k) < Math.exp(-0.5 * x * x)) return signed;
    }
  }

  tail(end, negative) {
    for (;;) {
      const x = -Math.log1p(-this.unit()) / end, y = -Math.log1p(-this.unit());
      if (2 * y > x * x) return negative ? -(end + x) : end + x;
    }
  }
}

// ---- Initial weights -------------------------------------------------------------------------------------------------

/** Sum of x[at], ..., x[at + n - 1] in the order of numpy.sum: eight at a time, halves of what is longer than 128. */
export function numpySum(x, at = 0, n = x.length) {
  if (n > 128) {
    const half = Math.floor(n / 2) - (Math.floor(n / 2) % 8);
    return numpySum(x, at, half) + numpySum(x, at + half, n - half);
  }
  let rest = at, total = 0;
  if (n >= 8) {
    const s = x.slice(at, at + 8);
    for (rest += 8; rest + 8 <= at + n; rest += 8) for (let i = 0; i < 8; i++) s[i] += x[rest + i];
    total = ((s[0] + s[1]) + (s[2] + s[3])) + ((s[4] + s[5]) + (s[6] + s[7]));
  }
  for (; rest < at + n; rest++) total += x[rest];
  return total;
}

/** A random matrix (G, n), G >= n, with orthonormal columns (Saxe et al. 2014): Gram-Schmidt, each vector twice. */
function orthogonal(G, n, random) {
  const Q = Array.from({length: n}, () => Float64Array.from({length: G}, () => random.normal()));
  Q.forEach((q, j) => {
    for (let pass = 0; pass < 2 && j > 0; pass++) {
      const along = Q.slice(0, j).map((p) => numpySum(p.map((p_i, i) => p_i * q[i])));
      const sum = new Float64Array(G);
      for (let k = 0; k < j; k++) for (let i = 0; i < G; i++) sum[i] += along[k] * Q[k][i];
      for (let i = 0; i < G; i++) q[i] -= sum[i];
    }
    const length = Math.sqrt(numpySum(q.map((q_i) => q_i * q_i)));
    for (let i = 0; i < G; i++) q[i] /= length;
  });
  return Float64Array.from({length: G * n}, (_, at) => Q[at % n][Math.floor(at / n)]);
}

/**
 * The weights of a network before training, in the order of its parameters, as models.initial_weights draws Keras's:
 * uniform after Glorot and Bengio (2010), recurrent ones orthogonal, biases 0 but for an LSTM's forget gate.
 */
export function initialWeights(cell, gates, sizes, seed, steps) {
  const random = new Generator([seed, 0], steps), parts = [];
  const glorot = (rows, columns) => {
    const limit = Math.sqrt(6 / (rows + columns));
    parts.push(Float64Array.from({length: rows * columns}, () => -limit + 2 * limit * random.unit()));
  };
  for (let k = 0; k + 2 < sizes.length; k++) {
    const n = sizes[k + 1], bias = new Float64Array(gates * n);
    if (cell === "lstm") bias.fill(1, n, 2 * n);
    glorot(gates * n, sizes[k]);
    parts.push(orthogonal(gates * n, n, random), bias, new Float64Array(gates * n));
  }
  glorot(sizes.at(-1), sizes.at(-2));
  parts.push(new Float64Array(sizes.at(-1)));
  return Float32Array.from(parts.flatMap((part) => [...part]));
}
