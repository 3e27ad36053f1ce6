/** Server-sent events from bytes (HTML Living Standard, section 9.2). */

export interface ServerEvent {
  type: string;
  id: string | null;
  data: string;
}

/** Characters of an event; a snapshot has some tens of thousands. */
const MOST = 4_000_000;

/** The events of a body, ended by its end; a comment is an event of no type. */
export async function* parseEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent | null> {
  const decoder = new TextDecoder();
  const reader = body.getReader();
  let text = "";
  let event: ServerEvent = { type: "message", id: null, data: "" };
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      text += decoder.decode(value, { stream: true });
      // A carriage return at the end may be half of a line's end.
      const lines = text.split(/\r\n|\n|\r(?!$)/);
      text = lines.pop() ?? "";
      if (text.length + event.data.length > MOST) throw new Error("an event is too long");
      for (const line of lines) {
        if (line === "") {
          if (event.data) yield { ...event, data: event.data.slice(0, -1) };
          event = { type: "message", id: null, data: "" };
        } else if (line.startsWith(":")) {
          yield null;
        } else {
          take(event, line);
        }
      }
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}

function take(event: ServerEvent, line: string): void {
  const colon = line.indexOf(":");
  const name = colon < 0 ? line : line.slice(0, colon);
  const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
  if (name === "event") event.type = value;
  else if (name === "data") event.data += `${value}\n`;
  else if (name === "id" && !value.includes("\0")) event.id = value;
}
