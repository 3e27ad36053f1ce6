/** The client: one method for every endpoint that answers with JSON, and one for the stream. */
import { ApiError, ConnectionError } from "./errors.js";
import { delayAfter, pause, TRIES } from "./retry.js";
import type { paths } from "./schema.js";
import { readStream, type StreamEvent, type StreamOptions } from "./stream.js";

type Operation<P extends keyof paths> = paths[P]["get"];

/** What a path answers with. */
export type Answer<P extends keyof paths> = Operation<P> extends {
  responses: { 200: { content: { "application/json": infer A } } };
}
  ? A
  : never;

/** A path that answers with JSON. */
export type JsonPath = { [P in keyof paths]: [Answer<P>] extends [never] ? never : P }[keyof paths];

type Asked<P extends keyof paths> = Operation<P>["parameters"];
type OrNone<T> = [T] extends [never] ? object : T;
type InPath<P extends keyof paths> = Asked<P> extends { path: infer T } ? T : object;
type InQuery<P extends keyof paths> = Asked<P> extends { query?: infer T } ? OrNone<NonNullable<T>> : object;

/** The parameters of a path by name, those in the path itself among them. */
export type Parameters<P extends keyof paths> = InPath<P> & InQuery<P>;

export interface ClientOptions {
  /** The server; by default `ZERODTE_URL`, else http://127.0.0.1:8017. */
  url?: string;
  /** A key; by default `ZERODTE_KEY`, else none. */
  key?: string;
  /** Milliseconds for one request. */
  timeout?: number;
  /** Another `fetch`. */
  fetch?: typeof fetch;
}

export interface RequestOptions {
  /** Ends the request, and the waiting for another one. */
  signal?: AbortSignal;
}

/** Without a parameter in the path all are optional. */
type Rest<P extends JsonPath> = object extends Parameters<P>
  ? [parameters?: Parameters<P>, options?: RequestOptions]
  : [parameters: Parameters<P>, options?: RequestOptions];

interface CachedAnswer {
  tag: string;
  content: unknown;
}

const HOST = "http://127.0.0.1:8017";
const TIMEOUT = 30_000;
/** Answers whose entity tag is kept. */
const MOST_CACHED = 64;

export class Client {
  readonly url: string;
  readonly #key: string | undefined;
  readonly #timeout: number;
  readonly #fetch: typeof fetch;
  readonly #cached = new Map<string, CachedAnswer>();

  constructor(options: ClientOptions = {}) {
    this.url = (options.url ?? environment("ZERODTE_URL") ?? HOST).replace(/\/+$/, "");
    this.#key = options.key ?? environment("ZERODTE_KEY");
    this.#timeout = options.timeout ?? TIMEOUT;
    this.#fetch = options.fetch ?? ((...request) => fetch(...request));
  }

  /**
   * The answer of a path, such as `get("/v1/flow/zero-dte/snapshot/{symbol}", { symbol: "SPX" })`.
   *
   * A request that fails for now is sent again, up to three times. An answer that has not changed is
   * the same object as before, so treat answers as read-only.
   *
   * @throws {ApiError} the server answers with an error
   * @throws {ConnectionError} it cannot be reached
   */
  async get<P extends JsonPath>(path: P, ...rest: Rest<P>): Promise<Answer<P>> {
    const [parameters, { signal } = {}] = rest;
    const url = this.#address(path, parameters ?? {});
    const content = await this.#retried(() => this.#once(url, signal), signal);
    return content as Answer<P>;
  }

  /**
   * The events of one or several symbols as they come, for as long as you read.
   *
   * It reconnects by itself and goes on after the last event, so no bar is missed or comes twice.
   *
   * @throws {ApiError} the server refuses for good
   */
  stream(symbols: string | readonly string[], options: StreamOptions = {}): AsyncGenerator<StreamEvent> {
    return readStream(symbols, options, (path, parameters, headers, signal) =>
      this.#openStream(path, parameters, headers, signal),
    );
  }

  async #openStream(
    path: keyof paths,
    parameters: Record<string, unknown>,
    headers: Record<string, string>,
    signal: AbortSignal,
  ): Promise<Response> {
    // A ticket instead of the key, so that no key gets into an address or a proxy's log of headers.
    const ticket = this.#key && (await this.get("/v1/stream-ticket", {}, { signal })).ticket;
    const url = this.#address(path, ticket ? { ...parameters, ticket } : parameters);
    return this.#send(url, headers, signal);
  }

  async #once(url: string, signal?: AbortSignal): Promise<unknown> {
    const cached = this.#cached.get(url);
    const headers: Record<string, string> = { accept: "application/json" };
    if (this.#key) headers["x-api-key"] = this.#key;
    if (cached) headers["if-none-match"] = cached.tag;
    const late = AbortSignal.timeout(this.#timeout);
    const response = await this.#send(url, headers, signal ? AbortSignal.any([signal, late]) : late);
    if (response.status === 304 && cached) {
      this.#keep(url, cached);
      return cached.content;
    }
    if (!response.ok) throw await ApiError.of(response);
    const content: unknown = await response.json();
    const tag = response.headers.get("etag");
    if (tag) this.#keep(url, { tag, content });
    return content;
  }

  #send(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    return this.#fetch(url, { headers, signal, redirect: "error", cache: "no-store" });
  }

  async #retried<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    for (let tried = 1; ; tried += 1) {
      try {
        return await request();
      } catch (fault) {
        signal?.throwIfAborted();
        const delay = tried < TRIES ? delayAfter(fault, tried) : null;
        if (delay === null) throw fault instanceof ApiError ? fault : lost(this.url, fault);
        await pause(delay, signal);
      }
    }
  }

  #keep(url: string, answer: CachedAnswer): void {
    this.#cached.delete(url);
    this.#cached.set(url, answer);
    const [oldest] = this.#cached.keys();
    if (this.#cached.size > MOST_CACHED && oldest !== undefined) this.#cached.delete(oldest);
  }

  #address(path: string, parameters: object): string {
    const query = new Map<string, unknown>(Object.entries(parameters));
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = query.get(name);
      if (value === undefined || value === null || value === "") {
        throw new TypeError(`${path} needs the parameter ${name}`);
      }
      query.delete(name);
      return encodeURIComponent(String(value));
    });
    const given = [...query].filter(([, value]) => value !== undefined && value !== null);
    const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
    return `${this.url}${filled}${text && `?${text}`}`;
  }
}

function lost(url: string, fault: unknown): ConnectionError {
  const { message, cause } = fault as Error;
  const reason = cause instanceof Error ? cause.message : message;
  return new ConnectionError(`${url} cannot be reached: ${reason}`, { cause: fault });
}

/** A variable of the environment, where there is one. */
function environment(name: string): string | undefined {
  const { process } = globalThis as { process?: { env?: Record<string, string | undefined> } };
  return process?.env?.[name] || undefined;
}
