/**
 * logsumexp, softmax and logSoftmax of `count` groups of n numbers, two groups at a time: groups begin `between` bytes from each
 * other, elements of a group `step`. The order of the sums is that of ../softmax.ts.
 */

/** `top` and `total` of the two groups from `a` on; a last group alone is read as both. */
const totals = `
    let lane = between;
    if (count < 2) { lane = 0; }
    let p = a;
    let k = n;
    let top = same(-Infinity);
    while (k > 0) { top = max(top, firsts(loadOne(p), loadOne(p + lane))); p = p + step; k = k - 1; }
    let shift = abs(top) === Infinity ? 0 : top;`;

/** A loop over the elements of two groups, at p and, in the result, at q: \`even\` and \`odd\` elements by turns. */
const byTurns = (even: string, odd: string): string => `
    p = a;
    k = n;
    while (k > 1) { ${even} ${odd} k = k - 2; }
    if (k > 0) { ${even} }`;

const groups = (name: string, body: string, outStep: string): string => `
function ${name}(out, a, count, between, n, step) {
  while (count > 0) {${totals}
    ${body}
    a = a + (between << 1);
    out = out + ${outStep};
    if (count < 2) { count = 2; }
    count = count - 2;
  }
}`;

const element = "firsts(loadOne(p), loadOne(p + lane))";
const add = (sum: string): string => `${sum} = ${sum} + exp(${element} - shift); p = p + step;`;
const sums = `let even = same(0); let odd = same(0);${byTurns(add("even"), add("odd"))}`;
const put = (at: string, y: string): string =>
  `let y = ${y}; storeOne(${at}, y); storeOne(${at} + lane, seconds(y, y));`;
const putExp = (sum: string): string =>
  `let e = exp(${element} - shift); ${sum} = ${sum} + e; storeOne(q, e); storeOne(q + lane, seconds(e, e)); p = p + step; q = q + step;`;

/** Each element once more, as \`y\` of it. */
const finish = (from: string, y: string): string => `
    p = ${from}; q = out; k = n;
    while (k > 0) { ${put("q", y)} p = p + step; q = q + step; k = k - 1; }`;

export const exponentialSums: string = [
  groups(
    "logsumexp",
    `${sums} let y = shift + log(even + odd); storeOne(out, y); if (count > 1) { storeOne(out + 8, seconds(y, y)); }`,
    "16",
  ),
  groups(
    "softmax",
    `let q = out; let even = same(0); let odd = same(0);${byTurns(putExp("even"), putExp("odd"))}
    let total = even + odd;${finish("out", `${element} / total`)}`,
    "(between << 1)",
  ),
  groups(
    "logSoftmax",
    `${sums} let total = log(even + odd); let q = out;${finish("a", `${element} - shift - total`)}`,
    "(between << 1)",
  ),
].join("\n");
