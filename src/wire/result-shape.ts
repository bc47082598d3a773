/** The shape of a result: what of it was asked for, and whether that holds anything. */
import { leavesOf, nothing, parsedJson, shapeOf, type Shape } from "../history/shape.ts";
import { isObject, type JsonObject } from "./lean-rpc.ts";
import { listings } from "./requests.ts";

/** The shape of what a request was made for, without what every answer to it holds anyway. */
export function shapeOfResult(method: string, result: JsonObject): Shape {
  switch (method) {
    case "tools/call":
    case "tasks/result":
      return shapeOfCall(result);
    case "resources/read":
      return shapeOfContent(listIn(result, "contents").map(itemOf));
    case "prompts/get":
      return shapeOfContent(
        listIn(result, "messages").map((message) => (isObject(message) ? message["content"] : message)),
      );
    default:
      return shapeOfOther(method, result);
  }
}

/** What a resource holds, as the content of a tool's answer would hold it. */
function itemOf(resource: unknown): JsonObject {
  const text = isObject(resource) ? resource["text"] : undefined;
  return typeof text === "string" ? { type: "text", text } : { type: "resource", resource };
}

/** Of a listing, which names there are: what it says about each is no answer that could be empty. */
function shapeOfOther(method: string, result: JsonObject): Shape {
  const listing = Object.values(listings).find((known) => known.method === method);
  if (listing !== undefined) {
    return shapeOf(listIn(result, listing.member).map((entry) => (isObject(entry) ? entry["name"] : entry)));
  }
  return shapeOf(Object.fromEntries(Object.entries(result).filter(([name]) => name !== "_meta")));
}

/** Structured content tells more than text, unless only the text holds something. */
function shapeOfCall(result: JsonObject): Shape {
  const structured = result["structuredContent"];
  const content = listIn(result, "content");
  if (structured === undefined || structured === null) return shapeOfContent(content);
  const shape = shapeOf(structured);
  return shape.cut === true || leavesOf(shape).length > 0 || content.length === 0 ? shape : shapeOfContent(content);
}

function shapeOfContent(content: readonly unknown[]): Shape {
  if (content.length === 0) return nothing;
  if (content.length > 1) return shapeOf(content.map(valueOf));
  const [item] = content;
  const shape = shapeOf(valueOf(item));
  return isObject(item) && item["type"] === "text" ? shape : { ...shape, form: "other" };
}

/** What a content item holds, without what only names it: a kind and a media type are there even where nothing is. */
function valueOf(item: unknown): unknown {
  if (!isObject(item)) return item;
  switch (item["type"]) {
    case "text":
      return typeof item["text"] === "string" ? (parsedJson(item["text"]) ?? item["text"]) : item["text"];
    case "image":
    case "audio":
      return item["data"] ?? null;
    case "resource": {
      const { resource } = item;
      if (!isObject(resource)) return resource ?? null;
      const text = resource["text"];
      return typeof text === "string" ? (parsedJson(text) ?? text) : (resource["blob"] ?? null);
    }
    case "resource_link":
      return item["uri"] ?? null;
    default:
      return Object.fromEntries(Object.entries(item).filter(([name]) => name !== "type" && name !== "_meta"));
  }
}

function listIn(result: JsonObject, member: string): readonly unknown[] {
  const list = result[member];
  return Array.isArray(list) ? list : [];
}

/** The texts that a tool answered with. */
export function textsOf(result: JsonObject): readonly string[] {
  return listIn(result, "content").flatMap((item) =>
    isObject(item) && item["type"] === "text" && typeof item["text"] === "string" ? [item["text"]] : [],
  );
}
