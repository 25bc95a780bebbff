/** A program as the fragment of an address: UTF-8 in base64url. A browser sends it to no server. */
import { LONGEST_PROGRAM } from "./protocol.js";

export const encode = (program: string): string =>
  btoa(Array.from(new TextEncoder().encode(program), (byte) => String.fromCharCode(byte)).join(""))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");

/** The program in a fragment; null if there is none. */
export function decode(fragment: string): string | null {
  if (fragment.length > 2 * LONGEST_PROGRAM) return null;
  try {
    const bytes = atob(fragment.replaceAll("-", "+").replaceAll("_", "/"));
    return new TextDecoder("utf-8", { fatal: true }).decode(Uint8Array.from(bytes, (c) => c.charCodeAt(0)));
  } catch {
    return null;
  }
}
