/** The public API, asked with the key and answered in words. */


/** An answer that is none: its code and what a person can do. */
export class ApiError extends Error {
  /**
   * @param {number} status 0 if no answer came
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** Where the answers about the same-day chain are. */
export const FLOW = "/v1/flow/zero-dte";

/** What is not answered for so long never will be. */
const PATIENCE_MS = 20_000;

let key = "";

/** @param {string} value the key that requests carry; empty for none */
export function setKey(value) {
  key = value;
}

/** @returns {Record<string, string>} */
export function credentials() {
  return key ? { "X-Api-Key": key } : {};
}

/**
 * The path of a question.
 * @param {string} path below the server
 * @param {Record<string, string | number | null | undefined>} [query]
 */
export function address(path, query = {}) {
  const known = Object.entries(query).filter(([, value]) => value !== null && value !== undefined);
  const text = new URLSearchParams(known.map(([name, value]) => [name, String(value)])).toString();
  return text ? `${path}?${text}` : path;
}

/**
 * Ask for an answer.
 * @param {string} path with its query
 * @param {AbortSignal} [signal]
 * @returns {Promise<{body: any, etag: string | null}>}
 */
export async function get(path, signal) {
  const request = new AbortController();
  const giveUp = () => request.abort();
  signal?.addEventListener("abort", giveUp);
  const timer = setTimeout(giveUp, PATIENCE_MS);
  let answer;
  let body;
  try {
    answer = await fetch(path, { headers: credentials(), signal: request.signal });
    body = await answer.json().catch((error) => {
      if (request.signal.aborted) throw error;
      return null;
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError(0, "no_answer", "The server does not answer.");
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", giveUp);
  }
  if (!answer.ok) {
    throw new ApiError(answer.status, body?.error ?? `${answer.status}`, inWords(answer.status, body));
  }
  return { body, etag: answer.headers.get("etag") };
}

/** @param {number} status @param {any} body */
function inWords(status, body) {
  const said = body?.message ?? body?.detail ?? "";
  if (status === 401) return `This server needs a key. ${said}`;
  if (status === 403) return `The key's plan is too low for this view. ${said}`;
  if (status === 429) return `The key's answers of today are used up. ${said}`;
  return said || `The server answered ${status}.`;
}
