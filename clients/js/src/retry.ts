/** When to ask again. */
import { ApiError } from "./errors.js";

/** Requests in all, the first one included. */
export const TRIES = 4;
/** Milliseconds: the first delay is up to this long, each later one up to twice the one before. */
const FIRST = 250;
const LONGEST = 8_000;
/** Seconds: who is asked to wait for longer is told, instead of left waiting. */
const PATIENCE = 30;

/**
 * Milliseconds to wait before the next request; null if it is of no use.
 * @param fault that the last one ended with
 * @param tried how many there were
 */
export function delayAfter(fault: unknown, tried: number): number | null {
  if (fault instanceof ApiError) {
    if (!fault.isTemporary || (fault.retryAfter ?? 0) > PATIENCE) return null;
    if (fault.retryAfter !== null) return 1_000 * fault.retryAfter;
  }
  return Math.random() * Math.min(LONGEST, FIRST * 2 ** tried);
}

/** Wait, unless it is aborted meanwhile. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const end = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", end);
      resolve();
    }, ms);
    signal?.addEventListener("abort", end, { once: true });
  });
}
