/**
 * Programs run in a worker inside a frame of opaque origin. The frame's policy forbids all connections, so the frame gets the code of the
 * worker as text. Stopping a program ends its worker, whatever the worker is doing.
 */
import { isReport, type Order, type Report } from "./protocol.js";

const POLICY = "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' blob:; worker-src blob:";
const SCRIPT = `
let worker = null;
addEventListener("message", ({ data, source }) => {
  if (source !== parent) return;
  worker?.terminate();
  worker = null;
  if (data.type !== "run") return;
  worker = new Worker(URL.createObjectURL(new Blob([data.runner], { type: "text/javascript" })));
  worker.onmessage = (event) => parent.postMessage(event.data, "*");
  worker.onerror = (event) => parent.postMessage({ type: "error", text: String(event.message), line: event.lineno || null }, "*");
  worker.postMessage(data.code);
});
parent.postMessage({ type: "ready" }, "*");
`;

export class Sandbox {
  readonly #frame: HTMLIFrameElement;
  readonly #ready: Promise<void>;
  #current = 0;

  constructor(
    host: HTMLElement,
    readonly hear: (report: Report) => void,
  ) {
    this.#frame = document.createElement("iframe");
    this.#frame.sandbox.add("allow-scripts");
    this.#frame.title = "Where programs run";
    this.#frame.hidden = true;
    this.#frame.srcdoc = `<meta http-equiv="Content-Security-Policy" content="${POLICY}"><script>${SCRIPT}</script>`;
    this.#ready = new Promise((resolve) => {
      addEventListener("message", ({ data, source }) => {
        if (source !== this.#frame.contentWindow) return;
        if (data?.type === "ready") resolve();
        else if (isReport(data)) this.hear(data);
      });
    });
    host.append(this.#frame);
  }

  /** Run a program in a new worker, and stop the previous one. */
  async run(runner: string, code: string): Promise<void> {
    const run = ++this.#current;
    await this.#ready;
    if (run === this.#current) this.#send({ type: "run", runner, code });
  }

  async stop(): Promise<void> {
    this.#current++;
    await this.#ready;
    this.#send({ type: "stop" });
  }

  #send(order: Order): void {
    this.#frame.contentWindow?.postMessage(order, "*");
  }
}
