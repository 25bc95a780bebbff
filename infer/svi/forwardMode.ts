/** Gradients by forward mode: derivatives along all coordinates of the parameters, computed as a batch. */
import { eye, jvp, leavesOf, mapTree, type Tensor, type Tree, vmap, zeros } from "../../autodiff/index.js";

/** `[[value, aux], gradient]` of f at x, like `valueAndGrad`, by one jvp for each coordinate. A final run of f at x gives value and aux. */
export const valueAndForwardGrad =
  <A>(f: (x: Tree) => readonly [Tensor, A]): ((x: Tree) => [readonly [Tensor, A], Tree]) =>
  (x) => {
    const leaves = leavesOf(x) as Tensor[];
    let next = 0;
    const gradient = mapTree(x, () => {
      const index = next++;
      const { shape, size } = leaves[index] as Tensor;
      const along = (direction: Tensor): Tensor => {
        let i = 0;
        const tangent = mapTree(x, (leaf) =>
          i++ === index ? direction.reshape(shape) : zeros((leaf as Tensor).shape),
        );
        return jvp((point: Tree) => f(point)[0], [x], [tangent])[1];
      };
      return vmap(along)(eye(size)).reshape(shape);
    });
    return [f(x), gradient];
  };
