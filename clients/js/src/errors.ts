/** What a request can fail with. */

/** An answer of the server that is an error; docs/http.md lists the codes. */
export class ApiError extends Error {
  override readonly name = "ApiError";

  /**
   * @param status of HTTP
   * @param code such as `symbol_not_found`
   * @param message for people
   * @param body the whole answer, parsed; null if it is not JSON
   * @param retryAfter seconds after which it is worth asking again; null if the server names none
   */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly body: unknown,
    readonly retryAfter: number | null,
  ) {
    super(message);
  }

  /** Whether the same request may succeed later. */
  get isTemporary(): boolean {
    return [429, 500, 502, 503, 504].includes(this.status);
  }

  /** The error that a response is. */
  static async of(response: Response): Promise<ApiError> {
    const text = await response.text();
    const body = parsed(text);
    const { error, message } = (body ?? {}) as { error?: unknown; message?: unknown };
    const retryAfter = Number.parseInt(response.headers.get("retry-after") ?? "", 10);
    return new ApiError(
      response.status,
      typeof error === "string" ? error : `http_${response.status}`,
      typeof message === "string" ? message : `HTTP ${response.status} ${response.statusText}`,
      body,
      Number.isFinite(retryAfter) ? retryAfter : null,
    );
  }
}

/** The server could not be reached, or the connection was lost, however often it was tried. */
export class ConnectionError extends Error {
  override readonly name = "ConnectionError";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
