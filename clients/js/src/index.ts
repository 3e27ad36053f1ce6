export { Client } from "./client.js";
export type { Answer, ClientOptions, JsonPath, Parameters, RequestOptions } from "./client.js";
export { ApiError, ConnectionError } from "./errors.js";
export type { Bar, StreamEvent, StreamOptions, Tick } from "./stream.js";
export type { components, operations, paths } from "./schema.js";
