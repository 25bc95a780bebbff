/** The page's side of typesWorker.ts: functions that ask the worker and return promises. The worker starts at the first question. */
import type { Problem, Question, Script } from "./typesWorker.js";

type Ask = Question extends infer Q ? (Q extends Question ? Omit<Q, "id"> : never) : never;

const waiting = new Map<number, { resolve: (x: unknown) => void; reject: (error: Error) => void }>();
let worker: Worker | undefined;
let count = 0;

function start(): Worker {
  const started = new Worker(new URL("./types.js", import.meta.url));
  started.onmessage = ({ data }: MessageEvent<{ id: number; answer?: unknown; error?: string }>) => {
    const known = waiting.get(data.id);
    waiting.delete(data.id);
    if (data.error === undefined) known?.resolve(data.answer);
    else known?.reject(new Error(data.error));
  };
  return started;
}

function ask<T>(question: Ask): Promise<T> {
  worker ??= start();
  const id = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve: resolve as (x: unknown) => void, reject });
    worker?.postMessage({ ...question, id });
  });
}

let loaded: Promise<unknown> | undefined;
/** Give the language service the types of the library and of the language. Later calls do nothing. */
export const loadTypes = (): Promise<unknown> => {
  loaded ??= fetch(new URL("./types.json", import.meta.url))
    .then((response) => response.json())
    .then((files: Record<string, string>) => ask({ ask: "load", files }));
  return loaded;
};

export const scriptOf = (text: string): Promise<Script> => ask({ ask: "javascript", text });
export const errorsOf = (text: string): Promise<Problem[]> => ask({ ask: "errors", text });
export const completionsAt = (text: string, at: number): Promise<{ name: string; kind: string; sortText: string }[]> =>
  ask({ ask: "completions", text, at });
export const noteAt = (text: string, at: number): Promise<string | null> => ask({ ask: "note", text, at });
