// Numbers that were written into the page as base64 of little-endian single precision.

export function floats(base64) {
  return new Float32Array(Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)).buffer);
}

/** Sequences (T, D) that lie one after the other, as the views of {frames, lengths, features}. */
export function sequences({frames, lengths, features}) {
  const all = floats(frames);
  let at = 0;
  return lengths.map((T) => all.subarray(at, (at += T * features)));
}

/** SHA-256 of the weights in hexadecimal, as Python's hashlib gives it. */
export async function digest(weights) {
  const bytes = new Uint8Array(await crypto.subtle.digest("SHA-256", weights));
  return [...bytes].map((b) => b.toString(16).padStart(2, "0")).join("");
}
