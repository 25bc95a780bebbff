/** A progress line like NumPyro's, `init loss: …, avg. loss [a-b]: …`, which is redrawn twenty times per run. */
interface Terminal {
  stderr?: { isTTY?: boolean; write(text: string): void };
}

export interface ProgressBar {
  update(losses: readonly number[]): void;
  finish(): void;
}

const WIDTH = 24;
const show = (x: number): string => x.toFixed(4);

/** A bar over `total` steps. `to` is true, false, a function that receives the text, or undefined to draw only if there is a terminal. */
export function progressBar(to: boolean | ((text: string) => void) | undefined, total: number): ProgressBar {
  const { stderr } = (globalThis as { process?: Terminal }).process ?? {};
  const isOn = to ?? stderr?.isTTY ?? false;
  if (isOn === false) return { update() {}, finish() {} };
  const onTerminal = typeof isOn !== "function";
  const write = typeof isOn === "function" ? isOn : (text: string) => stderr?.write(`\r${text}\u001b[K`);
  const every = Math.max(1, Math.floor(total / 20));
  let drawn = 0;
  const draw = (losses: readonly number[]): void => {
    const [n, from] = [losses.length, drawn];
    const recent = losses.slice(from);
    const average = recent.reduce((sum, loss) => sum + loss, 0) / Math.max(recent.length, 1);
    const filled = Math.round((WIDTH * n) / total);
    const bar = `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)}`;
    write(`${bar} ${n}/${total}, init loss: ${show(losses[0] ?? NaN)}, avg. loss [${from + 1}-${n}]: ${show(average)}`);
    drawn = n;
  };
  return {
    update(losses) {
      if (losses.length % every === 0) draw(losses);
    },
    finish() {
      if (onTerminal) stderr?.write("\n");
    },
  };
}
