/** The texts of refused parameters and values. */
import { test } from "uvu";
import * as assert from "uvu/assert";
import { eye, MultivariateNormal, Normal, PedigradError, type Tensor, tensor, zeros } from "../../../index.js";

function messageOf(f: () => unknown): string {
  try {
    f();
  } catch (error) {
    if (error instanceof PedigradError) return error.message;
    throw error;
  }
  throw new Error("nothing was refused");
}
const without = (n: number, place: number, value: number): Tensor =>
  tensor(Array.from({ length: n }, (_, i) => (i === place ? value : i)));

test("a short vector is shown whole, a long one abridged with the place of its first number that is not finite", () => {
  const short = messageOf(() => new MultivariateNormal({ loc: without(3, 1, NaN), scaleTril: eye(3) }));
  assert.match(short, "got [0,NaN,2].");
  const long = messageOf(() => new MultivariateNormal({ loc: without(400, 123, -Infinity), scaleTril: eye(400) }));
  assert.match(long, "got [0,1,2,…,397,398,399] of shape [400], with -Infinity at [123].");
  const matrix = messageOf(() => new MultivariateNormal({ loc: zeros([50]), scaleTril: eye(50).mul(-1) }));
  assert.ok(matrix.length < 400, matrix);
});

test("a covariance that is not positive definite is abridged with its shape, and the advice is to add to the diagonal", () => {
  // A squared-exponential kernel of close points has eigenvalues below the rounding error.
  const x = Array.from({ length: 30 }, (_, i) => i / 100);
  const kernel = tensor(x.map((a) => x.map((b) => Math.exp(-((a - b) ** 2) / 2))));
  const from = (covarianceMatrix: Tensor) => () => new MultivariateNormal({ loc: zeros([30]), covarianceMatrix });
  const message = messageOf(from(kernel));
  assert.match(
    message,
    /must be a symmetric positive definite matrix, got \[\[1,0\.99995,.*\] of shape \[30,30\]\. If.*add a small number to its diagonal/,
  );
  assert.ok(message.length < 400, message);
  from(kernel.add(eye(30).mul(1e-6)))();
  assert.not.match(messageOf(from(kernel.mul(NaN))), "diagonal");
});

test("the element of a batch is named", () => {
  assert.match(
    messageOf(() => new Normal(0, tensor([1, -2, 3]))),
    "but element [1] of shape [3] is -2.",
  );
});

test.run();
