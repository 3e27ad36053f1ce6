/** A stream that goes on after breaks: what was missed is sent again, what was seen is left out. */
import { ApiError } from "./errors.js";
import { parseEvents } from "./events.js";
import { delayAfter, pause } from "./retry.js";
import type { components, paths } from "./schema.js";

type Schemas = components["schemas"];

/** A bar of the series; with several symbols it names its own. */
export type Bar = Schemas["SeriesBar"] & { symbol?: string };

/** The newest figures of a symbol. */
export interface Tick {
  symbol: string;
  t: string;
  spot: number | null;
  net_gex: number | null;
  data_quality_score: number | null;
  snapshot_age_seconds: number | null;
}

export type StreamEvent =
  | { type: "bar"; data: Bar }
  | { type: "snapshot"; data: Schemas["Head"] & Omit<Schemas["SnapshotBlocks"], "strikes"> }
  | { type: "tick"; data: { symbols: Tick[] } }
  | { type: "skipped"; data: { samples: number; symbol?: string } };

export interface StreamOptions {
  /** Whether the newest figures come each second too. */
  ticks?: boolean;
  /** Go on after this instant, the `t` of a bar that you have. */
  after?: string;
  /** Ends the stream. */
  signal?: AbortSignal;
}

type Open = (
  path: keyof paths,
  parameters: Record<string, unknown>,
  headers: Record<string, string>,
  signal: AbortSignal,
) => Promise<Response>;

/** Milliseconds without a byte after which a connection counts as dead; comments come every 15 s. */
const SILENCE = 40_000;

export async function* readStream(
  symbols: string | readonly string[],
  { ticks = false, after, signal }: StreamOptions,
  open: Open,
): AsyncGenerator<StreamEvent> {
  const path = typeof symbols === "string" ? "/v1/flow/zero-dte/stream/{symbol}" : "/v1/flow/zero-dte/stream";
  const asked = typeof symbols === "string" ? { symbol: symbols } : { symbols: symbols.join(",") };
  const parameters = { ...asked, ticks: ticks ? "1" : undefined };
  const seen = new SeenTimes();
  let last = after ?? null;
  for (let tried = 0; ; tried += 1) {
    const connection = new AbortController();
    const end = () => connection.abort(signal?.reason);
    signal?.throwIfAborted();
    signal?.addEventListener("abort", end, { once: true });
    let silence = setTimeout(end, SILENCE);
    try {
      const headers: Record<string, string> = { accept: "text/event-stream" };
      if (last !== null) headers["last-event-id"] = last;
      const response = await open(path, parameters, headers, connection.signal);
      if (!response.ok || !response.body) throw await ApiError.of(response);
      for await (const event of parseEvents(response.body)) {
        clearTimeout(silence);
        silence = setTimeout(end, SILENCE);
        tried = 0;
        if (event === null) continue;
        last = event.id ?? last;
        const read = { type: event.type, data: JSON.parse(event.data) } as StreamEvent;
        if (seen.isNew(read)) yield read;
      }
    } catch (fault) {
      signal?.throwIfAborted();
      if (fault instanceof ApiError && delayAfter(fault, tried) === null) throw fault;
      await pause(delayAfter(fault, tried) ?? 0, signal);
      continue;
    } finally {
      clearTimeout(silence);
      signal?.removeEventListener("abort", end);
      connection.abort();
    }
    await pause(delayAfter(null, tried) ?? 0, signal);
  }
}

/** The newest time of each kind of event and symbol. After a break the newest events come again. */
class SeenTimes {
  readonly #newest = new Map<string, string>();

  isNew(event: StreamEvent): boolean {
    if (event.type !== "bar" && event.type !== "snapshot") return true;
    const time = event.type === "bar" ? event.data.t : event.data.as_of;
    const of = `${event.type} ${event.data.symbol ?? ""}`;
    // Times of one form compare as texts.
    if (time <= (this.#newest.get(of) ?? "")) return false;
    this.#newest.set(of, time);
    return true;
  }
}
