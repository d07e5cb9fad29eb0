// Bundled for the page of the test, which calls send.
import { upload } from "./upload.js";

globalThis.send = async (client, url, to) => {
  const file = new File([await (await fetch(url)).blob()], "holiday.png", { type: to.type });
  return JSON.stringify(await upload(client, file, to));
};
