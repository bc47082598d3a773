/**
 * A store over TCP that nobody can read by HTTP: a line with a command, a line with its answer. `late`: it drops the
 * first connections, as what stands before a database that is not up.
 */
import { createServer } from "node:net";
import { createInterface } from "node:readline";

const [, , port = "0", ...modes] = process.argv;
const books = ["Middlemarch", "Emma"];
let toDrop = modes.includes("late") ? 3 : 0;

createServer((socket) => {
  socket.on("error", () => {});
  toDrop -= 1;
  if (toDrop >= 0) {
    socket.destroy();
    return;
  }
  const lines = createInterface({ input: socket });
  // It hears of what breaks as well.
  lines.on("error", () => {});
  lines.on("line", (line) => {
    const [command, ...title] = line.split(" ");
    if (command === "ADD") books.push(title.join("-"));
    socket.write(command === "ADD" ? "ok\n" : `${books.slice(0, 5).join(" ")}\n`);
  });
}).listen(Number(port), "127.0.0.1");
