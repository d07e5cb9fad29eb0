// The two clients of resumable uploads that the tests drive, in Node and in a
// browser: each sends one file and says which upload it became.
import Uppy from "@uppy/core";
import Tus from "@uppy/tus";
import * as tus from "tus-js-client";

// A gateway that restarts is away for seconds; what counts is that nothing
// has to be sent again.
const retryDelays = Array(120).fill(250);

function options({ endpoint, token }, seen) {
  return {
    endpoint,
    retryDelays,
    headers: { Authorization: `Bearer ${token}` },
    onBeforeRequest: () => void seen.requests++,
    onAfterResponse: (_, res) => {
      seen.uploadId ??= res.getHeader("Upload-Id") || undefined;
      if (res.getStatus() >= 400) seen.refused.push(res.getStatus());
    },
  };
}

function viaTus(file, to, seen) {
  return new Promise((resolve, reject) => {
    new tus.Upload(file, {
      ...options(to, seen),
      metadata: { filetype: to.type, consent: "true" },
      onError: reject,
      onSuccess: resolve,
    }).start();
  });
}

async function viaUppy(file, to, seen) {
  const uppy = new Uppy({ meta: { consent: "true" } });
  uppy.use(Tus, options(to, seen));
  uppy.addFile({ name: "holiday.png", type: to.type, data: file });
  const result = await uppy.upload();
  if (result.failed.length > 0) throw new Error(String(result.failed[0].error));
}

/** Sends a file, a Blob or a Buffer, with "tus-js-client" or "uppy". */
export async function upload(client, file, to) {
  const seen = { requests: 0, refused: [] };
  await (client === "uppy" ? viaUppy : viaTus)(file, to, seen);
  return seen;
}
