/**
 * DiscreteHMM: observations over T steps of a hidden Markov chain with K states. z_1 is drawn with the initial probabilities π, z_t with row
 * z_{t-1} of the transition matrix P, and x_t from component z_t of `observation`. The states are summed out by forwardAlgorithm.ts.
 * Smoothed probabilities are a gradient: p(z_t = k | x) = ∂ log p(x) / ∂ log b_tk, where b_tk is the density of x_t in state k.
 */
import { broadcastShapes, type Shape, sameShape, showShape } from "../../autodiff/core/shape.js";
import {
  broadcastTo,
  expandDims,
  grad,
  logSoftmax,
  min,
  scan,
  type Tensor,
  type TensorLike,
  tensor,
  transpose,
  vmap,
  where,
  zeros,
} from "../../autodiff/index.js";
import * as random from "../../autodiff/ops/random/random.js";
import { splitInTwo } from "../../autodiff/ops/random/wordOps.js";
import { mapAxes } from "../../provenance/axes.js";
import { isRecord } from "../../provenance/base/records.js";
import { currentAmbient, type Provenance, union } from "../../provenance/index.js";
import { type Constraint, independent, logWeights } from "../constraints/index.js";
import { Distribution } from "../core/distribution.js";
import { readParameters, refuseParameter, type Signature } from "../core/parameters.js";
import { requireAll } from "../core/validation.js";
import { Categorical } from "../families/categorical/categorical.js";
import { isAngle } from "./cumulative.js";
import { forwardAlgorithm } from "./forwardAlgorithm.js";
import { chosen, weightedMean, weightedVariance } from "./mixed.js";
import { MixtureSameFamily } from "./mixtureSameFamily.js";

type Params = { readonly initialLogits: Tensor; readonly transitionLogits: Tensor };
const DISCRETE_HMM: Signature<Params> = {
  name: "DiscreteHMM",
  constraints: { initialLogits: logWeights, transitionLogits: /* @__PURE__ */ independent(logWeights, 1) },
};

export interface DiscreteHMMArguments {
  /** [..., K]; their softmax gives the probabilities of the first state. */
  initialLogits: TensorLike;
  /** [..., K, K]; the softmax of each row gives the probabilities of the next state. */
  transitionLogits: TensorLike;
  /** The distribution of an observation in each state: batch shape [..., K], or [..., T, K] with `timeVarying`. */
  observation: Distribution;
  /** The number T of steps. If it is left out, values may have any number of steps, and draws are refused. */
  numSteps?: number | undefined;
  /** Whether every step has an observation distribution of its own, such as one that depends on covariates or masks missing steps. */
  timeVarying?: boolean | undefined;
}

/**
 * @example
 * const moves = [[0, 1], [1, 0]];
 * new DiscreteHMM([0, 0], moves, new Bernoulli([0.2, 0.7]), 3).eventShape // [3]
 */
export class DiscreteHMM extends Distribution<Params> {
  readonly observation: Distribution;
  readonly numSteps: number | null;
  readonly timeVarying: boolean;
  /** A mixture of the observations of all states, whose support has every possible observation. */
  readonly #anyState: Distribution;

  constructor(initialLogits: TensorLike, transitionLogits: TensorLike, observation: Distribution, numSteps?: number);
  constructor(given: DiscreteHMMArguments);
  constructor(first: unknown, transition?: TensorLike, emission?: Distribution, steps?: number) {
    const args = isRecord(first)
      ? (first as unknown as DiscreteHMMArguments)
      : { initialLogits: first, transitionLogits: transition, observation: emission, numSteps: steps };
    const { observation, numSteps: given, timeVarying = false, ...logits } = args as DiscreteHMMArguments;
    const parts = readParameters(DISCRETE_HMM, [logits]);
    const states = parts.params.initialLogits.shape.at(-1) as number;
    checkParts(parts.params.transitionLogits, states, observation, given, timeVarying);
    const numSteps = timeVarying ? observation.batchShape.at(-2) : given;
    const chains = observation.batchShape.slice(0, timeVarying ? -2 : -1);
    super({ ...parts, batchShape: broadcastShapes("DiscreteHMM", parts.batchShape, chains) });
    this.observation = observation;
    this.numSteps = numSteps ?? null;
    this.timeVarying = timeVarying;
    this.#anyState = new MixtureSameFamily(new Categorical({ logits: zeros([states]) }), observation);
  }

  override get unmasked(): Distribution {
    const { observation } = this;
    return observation.unmasked === observation ? this : this.#with(observation.unmasked, this.numSteps ?? undefined);
  }
  #with(observation: Distribution, numSteps: number | undefined): DiscreteHMM {
    const { initialLogits, transitionLogits } = this.params;
    return new DiscreteHMM({ initialLogits, transitionLogits, observation, numSteps, timeVarying: this.timeVarying });
  }
  override get eventShape(): Shape {
    if (this.numSteps !== null) return [this.numSteps, ...this.observation.eventShape];
    return refuse("numSteps", "the number of steps is not known. Give numSteps.");
  }
  override get eventDim(): number {
    return 1 + this.observation.eventDim;
  }
  override get support(): Constraint {
    return independent(this.#anyState.support, 1);
  }
  override inside(value: Tensor): Tensor {
    if (this.timeVarying) return min(this.#anyState.inside(value), -1);
    return min(vmap((x: Tensor) => this.#anyState.inside(x))(this.#stepsFirst(value)) as Tensor, 0);
  }
  override requireInside(value: Tensor): void {
    requireAll(() => this.inside(value), value, this.support, { family: this.family, what: "value" });
  }

  override logProb(value: TensorLike): Tensor {
    if (this.numSteps !== null) return super.logProb(value);
    const x = tensor(value);
    if (x.shape.length <= this.observation.eventDim) return super.logProb(x);
    const numSteps = x.shape.at(-this.eventDim);
    return this.#with(this.observation, numSteps).logProb(x);
  }
  override logProbElements(value: TensorLike): Tensor {
    return this.logProb(value);
  }
  override logDensity(value: Tensor): Tensor {
    this.#refuseOneSeriesForSteps(value);
    const logb = this.#densities(value);
    const { logProb } = this.#forward(logb);
    // The chains of a batch are independent of each other, but the loop has mixed them in the provenance, so restore their axes.
    const rank = logProb.shape.length;
    // Axes count from the last. An input has `count` axes after its batch axes: a batch axis moves down by `count`, all other axes are mixed.
    const batchProvenance = ({ shape, provenance }: Tensor, count: number): Provenance =>
      provenance.moved(
        mapAxes(shape.length, (axis) => (axis < rank + count ? axis - count : -1)),
        "DiscreteHMM",
      );
    const { initialLogits, transitionLogits } = this.params;
    const inputs = [batchProvenance(logb, 1), batchProvenance(initialLogits, 1), batchProvenance(transitionLogits, 2)];
    const sets = [...inputs, currentAmbient()];
    return logProb.withProvenance(sets.reduce((a, b) => union(a, b)));
  }

  /** Refuse one series of T steps under T chains that start alike: in Pyro these are the T steps of one chain. */
  #refuseOneSeriesForSteps(value: Tensor): void {
    const [steps] = value.shape;
    const start = this.params.initialLogits.shape;
    if (value.shape.length > this.eventDim || steps === 1 || this.batchShape.at(-1) !== steps || start.length > 1)
      return;
    refuse(
      "observation",
      `one series of ${steps} steps, but ${steps} chains. If the observation has a distribution for each step, give timeVarying: true by name. If there really are ${steps} chains, broadcast the series to shape ${showShape([...this.batchShape, ...value.shape])}.`,
    );
  }

  /** p(z_t | x_1 … x_t): [...batch, T, K]. */
  filter(value: TensorLike): Tensor {
    return stepsBeforeStates(this.#forward(this.#densities(tensor(value))).filtered);
  }
  /** p(z_t | x): [...batch, T, K]. */
  smooth(value: TensorLike): Tensor {
    const densities = this.#densities(tensor(value));
    return stepsBeforeStates(grad((logb: Tensor) => this.#forward(logb).logProb.sum())(densities) as Tensor);
  }

  override draw(key: Tensor, shape: Shape): Tensor {
    const steps = this.eventShape[0] as number;
    const [stateKey, valueKey] = splitInTwo(key);
    const states = this.#states(random.split(stateKey, steps), shape);
    const drawOf = (k: Tensor, lead: Shape) => this.observation.draw(k, [...lead, this.#stateCount]);
    if (this.timeVarying) return chosen(drawOf(valueKey, [...shape, steps]), moveAxis(states, 0, shape.length));
    const draws = vmap((k: Tensor, z: Tensor) => chosen(drawOf(k, shape), z))(
      random.split(valueKey, steps),
      states,
    ) as Tensor;
    return moveAxis(draws, 0, shape.length);
  }
  /** Paths of the chain, [T, ...shape], drawn with one key for each step. */
  #states(keys: Tensor, shape: Shape): Tensor {
    const k = this.#stateCount;
    const { initialLogits, transitionLogits } = this.params;
    const rows = broadcastTo(logSoftmax(transitionLogits), [...shape, k, k]);
    const start = broadcastTo(logSoftmax(initialLogits), [...shape, k]);
    return scan(
      (logits, stepKey) => {
        const z = random.categorical(stepKey, logits);
        return [chosen(rows, z), z];
      },
      start,
      keys,
    )[1];
  }

  override get mean(): Tensor {
    return this.#averaged("mean", (weights, { mean, eventDim }) => weightedMean(weights, mean, eventDim));
  }
  override get variance(): Tensor {
    return this.#averaged("variance", (weights, { mean, variance, eventDim }) =>
      weightedVariance(weights, mean, variance, eventDim),
    );
  }
  /** A moment of each step from the probabilities of its states. */
  #averaged(moment: string, average: (weights: Tensor, observation: Distribution) => Tensor): Tensor {
    if (isAngle(this.observation)) return this.hasNo(moment);
    const steps = this.eventShape[0] as number;
    const weights = this.#forward(zeros([steps, ...this.batchShape, this.#stateCount])).filtered;
    if (this.timeVarying) return average(stepsBeforeStates(weights), this.observation);
    return moveAxis(average(weights, this.observation), 0, this.batchShape.length);
  }

  get #stateCount(): number {
    return this.params.initialLogits.shape.at(-1) as number;
  }

  /** A value with the steps as its first axis. */
  #stepsFirst(value: Tensor): Tensor {
    return moveAxis(value, value.shape.length - this.eventDim, 0);
  }
  /** log b_tk: [T, ..., K]. */
  #densities(value: Tensor): Tensor {
    const { observation } = this;
    const densities = (x: Tensor): Tensor => {
      const each = expandDims(x, x.shape.length - observation.eventDim);
      const lead = each.shape.slice(0, each.shape.length - observation.eventDim);
      // A value may be possible in only some of the states.
      const density = where(observation.inside(each), observation.logDensity(each), -Infinity);
      return broadcastTo(density, broadcastShapes("DiscreteHMM", lead, observation.batchShape));
    };
    if (this.timeVarying) return moveAxis(densities(value), -2, 0);
    return vmap(densities)(this.#stepsFirst(value)) as Tensor;
  }

  /** The forward algorithm: from log b_tk [T, ..., K] to the filtered probabilities [T, ..., K] and log p(x). */
  #forward(logb: Tensor): { filtered: Tensor; logProb: Tensor } {
    const { initialLogits, transitionLogits } = this.params;
    return forwardAlgorithm(initialLogits, transitionLogits, logb, this.batchShape);
  }
}

/** x with its axis `from` moved to position `to`. */
function moveAxis(x: Tensor, from: number, to: number): Tensor {
  const axes = [...x.shape.keys()];
  axes.splice(to, 0, ...axes.splice(from, 1));
  return transpose(x, axes);
}
const stepsBeforeStates = (x: Tensor): Tensor => moveAxis(x, 0, x.shape.length - 2);

function refuse(param: string, message: string): never {
  return refuseParameter("DiscreteHMM", param, message);
}

function checkParts(
  transition: Tensor,
  states: number,
  observation: unknown,
  numSteps: number | undefined,
  timeVarying: unknown,
): void {
  if (!sameShape(transition.shape.slice(-2), [states, states]))
    refuse(
      "transitionLogits",
      `initialLogits has ${states} states, but transitionLogits has shape ${showShape(transition.shape)}. Its last two axes must have one entry for each state.`,
    );
  if (!(observation instanceof Distribution))
    refuse(
      "observation",
      "observation must be a distribution with batch shape [..., K], one component for each state.",
    );
  if (observation.batchShape.at(-1) !== states)
    refuse(
      "observation",
      `initialLogits has ${states} states, but observation has batch shape ${showShape(observation.batchShape)}. Its last batch axis must have one entry for each state.`,
    );
  const steps = timeVarying ? observation.batchShape.at(-2) : numSteps;
  if (timeVarying && (steps === undefined || (numSteps ?? steps) !== steps))
    refuse(
      "observation",
      `with timeVarying, observation must have batch shape [..., ${numSteps ?? "steps"}, ${states}], got ${showShape(observation.batchShape)}.`,
    );
  if (numSteps !== undefined && !(Number.isInteger(numSteps) && numSteps >= 1))
    refuse("numSteps", `numSteps must be a whole number >= 1, got ${numSteps}.`);
}
