// Sends a .zip of pictures to train on: chosen or dropped, with its progress; "bring" tells its key.

/** Join the sender of ui/train_tab.py to the page. */
export function mountSender(element, { props, trigger }) {
  const root = element.querySelector(".gs-root");
  const { texts } = props;
  root.innerHTML =
    '<label class="gs-send"><input type="file" accept=".zip,application/zip"><b></b><span></span><i></i></label>' +
    '<p class="gs-refused" role="alert"></p>';
  const [label, refused] = root.children;
  const [input, title, hint, bar] = label.children;
  const say = (sentence) => {
    refused.textContent = sentence;
    refused.hidden = !sentence;
  };
  const rest = () => {
    title.textContent = texts.upload;
    hint.textContent = texts.upload_hint;
    bar.style.width = "0";
    delete label.dataset.busy;
    input.value = "";
  };

  function send(file) {
    if (!file || "busy" in label.dataset) return;
    say("");
    if (file.size > props.most) return say(texts.upload_big);
    label.dataset.busy = "";
    title.textContent = texts.uploading.replace("{name}", file.name);
    const request = new XMLHttpRequest(); // fetch does not tell how much is sent
    request.open("POST", new URL("pictures", document.baseURI));
    request.setRequestHeader("X-Ganscope-Name", encodeURIComponent(file.name));
    request.setRequestHeader(
      "X-Ganscope-Token",
      encodeURIComponent(document.querySelector("#train-token input")?.value ?? ""),
    );
    request.upload.onprogress = ({ loaded, total }) => {
      bar.style.width = `${(100 * loaded) / total}%`;
    };
    request.onerror = () => {
      rest();
      say(texts.upload_lost);
    };
    request.onload = () => {
      rest();
      let answer = {};
      try {
        answer = JSON.parse(request.responseText);
      } catch {
        // A proxy's own page: the status below says enough.
      }
      if (request.status === 200 && answer.key) trigger("bring", { key: answer.key });
      else say(answer.error ?? texts.upload_lost);
    };
    return request.send(file);
  }

  input.addEventListener("change", () => send(input.files[0]));
  for (const name of ["dragenter", "dragover"]) {
    label.addEventListener(name, (event) => {
      event.preventDefault();
      label.classList.add("gs-over");
    });
  }
  for (const name of ["dragleave", "drop"]) label.addEventListener(name, () => label.classList.remove("gs-over"));
  label.addEventListener("drop", (event) => {
    event.preventDefault();
    send(event.dataTransfer.files[0]);
  });
  rest();
  say("");
}
