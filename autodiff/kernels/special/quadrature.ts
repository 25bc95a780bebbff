/** Gauss–Legendre quadrature by the 32-point rule: exact for polynomials up to degree 63. */

// The positive half of the rule on [-1, 1].
const NODES = [
  0.9972638618494816, 0.9856115115452684, 0.9647622555875064, 0.9349060759377397, 0.8963211557660521, 0.84936761373257,
  0.7944837959679424, 0.7321821187402897, 0.6630442669302152, 0.5877157572407623, 0.5068999089322294,
  0.42135127613063533, 0.33186860228212767, 0.23928736225213706, 0.1444719615827965, 0.04830766568773832,
];
const WEIGHTS = [
  0.007018610009470096, 0.01627439473090567, 0.02539206530926206, 0.03427386291302143, 0.04283589802222668,
  0.050998059262376175, 0.058684093478535544, 0.06582222277636185, 0.0723457941088485, 0.07819389578707031,
  0.08331192422694675, 0.08765209300440381, 0.09117387869576389, 0.09384439908080457, 0.09563872007927486,
  0.0965400885147278,
];
/** The integral of a smooth function f. */
export function gaussLegendre(f: (t: number) => number, from: number, to: number): number {
  const centre = 0.5 * (from + to);
  const half = 0.5 * (to - from);
  let sum = 0;
  for (let k = 0; k < NODES.length; k++) {
    const offset = half * (NODES[k] as number);
    sum += (WEIGHTS[k] as number) * (f(centre - offset) + f(centre + offset));
  }
  return half * sum;
}

/** Nodes and weights for [0, 1], divided into equal panels: the integral is Σ weights · f(nodes). */
export function quadratureRule(panels: number): [nodes: number[], weights: number[]] {
  const nodes: number[] = [];
  const weights: number[] = [];
  for (let panel = 0; panel < panels; panel++)
    for (const side of [-1, 1])
      NODES.forEach((node, k) => {
        nodes.push((panel + 0.5 + 0.5 * side * node) / panels);
        weights.push((0.5 * (WEIGHTS[k] as number)) / panels);
      });
  return [nodes, weights];
}
