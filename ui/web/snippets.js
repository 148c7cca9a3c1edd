// Words for other places: calls of the public API in Python, curl and JavaScript.

// What a call gives for a picture that the reader has to bring.
export const PICTURE_FILE = "digit.png";

/** Say which call of the public API draws a state: {name, arguments}. */
export function callOf({ m, w, s, k, z, g, c, ...codes }) {
  if (m === "infogan") return { name: "infogan_generate", arguments: { model: w, seed: s, category: k, ...codes } };
  if (m === "bigan") return { name: "bigan_decode", arguments: { code: c, model: w } };
  const apart = { ...(z && { level_seeds: z }), ...(g && { gains: g }) };
  return { name: "lapgan_generate", arguments: { model: w, label: k, seed: s, ...apart } };
}

/** Write a call for Python with gradio_client; arguments named in `files` are picture files. */
export function pythonOf({ name, arguments: given }, address, files = []) {
  const value = (key) => (files.includes(key) ? `handle_file(${JSON.stringify(PICTURE_FILE)})` : python(given[key]));
  const keys = [...files, ...Object.keys(given)];
  const list = keys.map((key) => `    ${key}=${value(key)},\n`).join("");
  return (
    `from gradio_client import Client${files.length ? ", handle_file" : ""}  # pip install gradio_client\n\n` +
    `client = Client(${JSON.stringify(address)})\n` +
    `answer = client.predict(\n${list}    api_name="/${name}",\n)\nprint(answer)\n`
  );
}

/** Write a call for a shell with curl; the answer is a stream of events, the last of which holds it. */
export function curlOf({ name, arguments: given }, address, files = []) {
  const base = `${address.replace(/\/$/, "")}/gradio_api`;
  const json = JSON.stringify(given).replaceAll("'", "'\\''");
  const sent = files.length ? `FILE=$(curl -s ${base}/upload -F files=@${PICTURE_FILE} | sed 's/[]["]//g')\n` : "";
  const picture = files.map((key) => `"${key}": {"path": "'"$FILE"'", "meta": {"_type": "gradio.FileData"}}`);
  const body = files.length ? `{${[...picture, json.slice(1, -1)].filter(Boolean).join(", ")}}` : json;
  return (
    `${sent}ID=$(curl -s ${base}/call/v2/${name} -H 'Content-Type: application/json' -d '${body}' | sed 's/.*"event_id": *"\\([^"]*\\)".*/\\1/')\n` +
    `curl -s ${base}/call/${name}/$ID\n`
  );
}

/** Write a call for JavaScript, in a browser or in Node, with nothing but fetch. */
export function javascriptOf({ name, arguments: given }, address, files = []) {
  const base = `${address.replace(/\/$/, "")}/gradio_api`;
  const sent = files.length
    ? `const form = new FormData();\nconst file = await (await import("node:fs")).openAsBlob("${PICTURE_FILE}"); // in a page: input.files[0]\n` +
      `form.append("files", file, "${PICTURE_FILE}");\n` +
      `const [path] = await (await fetch(\`\${base}/upload\`, { method: "POST", body: form })).json();\n` +
      `const picture = { path, meta: { _type: "gradio.FileData" } };\n`
    : "";
  const list = [
    ...files.map((key) => `  ${key}: picture,\n`),
    ...Object.entries(given).map(([key, value]) => `  ${key}: ${JSON.stringify(value)},\n`),
  ];
  return (
    `const base = ${JSON.stringify(base)};\n${sent}const body = JSON.stringify({\n${list.join("")}});\n` +
    `const headers = { "Content-Type": "application/json" };\n` +
    `const call = await fetch(\`\${base}/call/v2/${name}\`, { method: "POST", headers, body });\n` +
    "const { event_id } = await call.json();\n" +
    `const events = await (await fetch(\`\${base}/call/${name}/\${event_id}\`)).text();\n` +
    "const [answer] = JSON.parse(events.match(/event: complete\\ndata: (.*)/)[1]);\n" +
    "console.log(answer.url ?? answer);\n"
  );
}

function python(value) {
  if (value === null) return "None";
  return typeof value === "boolean" ? (value ? "True" : "False") : JSON.stringify(value);
}
