/** The yardstick for the overhead of an engine: a minimal reverse-mode tape of closures over typed arrays. */
export interface Variable {
  readonly value: Float64Array;
  readonly grad: Float64Array;
}

const variable = (n: number): Variable => ({ value: new Float64Array(n), grad: new Float64Array(n) });

/** A variable with one element that no op has computed. */
export const constant = (x: number): Variable => ({ value: Float64Array.of(x), grad: new Float64Array(1) });

export class Tape {
  readonly #steps: (() => void)[] = [];

  mul(a: Variable, b: Variable): Variable {
    const y = variable(a.value.length);
    for (let i = 0; i < y.value.length; i++) y.value[i] = (a.value[i] as number) * (b.value[i] as number);
    this.#steps.push(() => {
      for (let i = 0; i < y.value.length; i++) {
        a.grad[i] = (a.grad[i] as number) + (y.grad[i] as number) * (b.value[i] as number);
        b.grad[i] = (b.grad[i] as number) + (y.grad[i] as number) * (a.value[i] as number);
      }
    });
    return y;
  }

  add(a: Variable, b: Variable): Variable {
    const y = variable(a.value.length);
    for (let i = 0; i < y.value.length; i++) y.value[i] = (a.value[i] as number) + (b.value[i] as number);
    this.#steps.push(() => {
      for (let i = 0; i < y.value.length; i++) {
        a.grad[i] = (a.grad[i] as number) + (y.grad[i] as number);
        b.grad[i] = (b.grad[i] as number) + (y.grad[i] as number);
      }
    });
    return y;
  }

  tanh(a: Variable): Variable {
    const y = variable(a.value.length);
    for (let i = 0; i < y.value.length; i++) y.value[i] = Math.tanh(a.value[i] as number);
    this.#steps.push(() => {
      for (let i = 0; i < y.value.length; i++)
        a.grad[i] = (a.grad[i] as number) + (y.grad[i] as number) * (1 - (y.value[i] as number) ** 2);
    });
    return y;
  }

  sum(a: Variable): Variable {
    const y = variable(1);
    for (let i = 0; i < a.value.length; i++) y.value[0] = (y.value[0] as number) + (a.value[i] as number);
    this.#steps.push(() => {
      for (let i = 0; i < a.value.length; i++) a.grad[i] = (a.grad[i] as number) + (y.grad[0] as number);
    });
    return y;
  }

  /** Adds the gradient of y with respect to each variable from which y was computed to `grad` of the variable. */
  backward(y: Variable): void {
    y.grad.fill(1);
    for (let k = this.#steps.length - 1; k >= 0; k--) (this.#steps[k] as () => void)();
  }
}
