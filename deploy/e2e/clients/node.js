// node node.js '{"client", "path", "endpoint", "token", "type"}'
import { readFileSync } from "node:fs";
import { upload } from "./upload.js";

const { client, path, ...to } = JSON.parse(process.argv[2]);
const file = readFileSync(path);
file.size = file.length; // Uppy asks
console.log(JSON.stringify(await upload(client, file, to)));
