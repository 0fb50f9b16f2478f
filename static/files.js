/* Attaching files: chosen, dropped or pasted, they are uploaded at once and wait in the composer as
   chips. Without this script the file field goes with the form. */
(() => {
  "use strict";
  const body = document.body;
  const token = () => document.querySelector("[name=csrfmiddlewaretoken]").value;
  const composerOf = (element) => element.closest?.("form.composer");
  const chipsOf = (form) => form.querySelector("[data-chips]");

  const settle = (form) => {
    const files = form.querySelectorAll("[data-chips] [name=files]").length;
    form.elements.body.required = !files;
    form.waiting = form.querySelectorAll("[data-chips] progress").length;
  };
  const tell = (form, text) => {
    form.querySelector("[data-note]").textContent = text;
  };
  const named = (file) => {
    if (file.name && file.name !== "image.png") return file;
    const stamp = new Date().toISOString().slice(0, 19).replace(/[:T]/g, "-");
    const ending = file.type.split("/")[1]?.replace(/\W.*/, "") || "bin";
    return new File([file], `pasted-${stamp}.${ending}`, { type: file.type });
  };

  const upload = (form, file) => {
    const chip = document.createElement("li");
    chip.className = "chip";
    const label = document.createElement("span");
    label.className = "label";
    label.textContent = file.name;
    const progress = document.createElement("progress");
    progress.max = 1;
    progress.setAttribute("aria-label", `Uploading ${file.name}`);
    chip.append(label, progress);
    chipsOf(form).append(chip);
    settle(form);
    const data = new FormData();
    data.append("csrfmiddlewaretoken", token());
    data.append("client_key", [...crypto.getRandomValues(new Uint32Array(4))].join("-"));
    data.append("upload", file, file.name);
    const request = new XMLHttpRequest();
    request.open("POST", form.querySelector("[data-attach]").dataset.attach);
    request.setRequestHeader("HX-Request", "true");
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress.value = event.loaded / event.total;
    });
    request.addEventListener("loadend", () => {
      if (request.status === 200) {
        const holder = document.createElement("template");
        holder.innerHTML = request.responseText;
        chip.replaceWith(holder.content);
      } else {
        chip.remove();
        const answer = new DOMParser().parseFromString(request.responseText, "text/html");
        tell(form, `${file.name} was not attached. ${answer.body.textContent.trim() || "The server could not be reached."}`);
      }
      settle(form);
      if (!form.waiting && form.sendLater) {
        form.sendLater = false;
        form.requestSubmit();
      }
    });
    request.send(data);
  };
  const attach = (form, files) => {
    tell(form, "");
    for (const file of files) upload(form, named(file));
    form.elements.body.focus({ preventScroll: true });
  };

  body.addEventListener("change", (event) => {
    const field = event.target;
    if (!field.matches?.("[data-attach]")) return;
    attach(composerOf(field), [...field.files]);
    field.value = "";
  });
  body.addEventListener("paste", (event) => {
    const form = composerOf(event.target);
    const files = [...(event.clipboardData?.files || [])];
    if (!form || !files.length) return;
    event.preventDefault();
    attach(form, files);
  });

  // Dropping: on the composer, on the conversation above it, or on the form of the files page

  const targetOf = (event) => {
    if (![...(event.dataTransfer?.types || [])].includes("Files")) return null;
    const page = event.target.closest?.("main, #rail");
    return page?.querySelector("[data-drop-target], form.composer") || null;
  };
  let hot = null;
  const heat = (target) => {
    hot?.classList.remove("dropping");
    hot = target;
    hot?.classList.add("dropping");
  };
  body.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    if (target) event.preventDefault();
    if (target !== hot) heat(target);
  });
  body.addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) heat(null);
  });
  body.addEventListener("drop", (event) => {
    const target = targetOf(event);
    heat(null);
    if (!target) return;
    event.preventDefault();
    const files = [...event.dataTransfer.files];
    if (target.matches("form.composer")) {
      attach(target, files);
    } else {
      const holder = new DataTransfer();
      files.forEach((file) => holder.items.add(file));
      target.querySelector("input[type=file]").files = holder.files;
      target.requestSubmit();
    }
  });

  // The list of files stands still while one of its menus is open

  body.addEventListener("htmx:beforeRequest", (event) => {
    const list = event.target;
    if (list.id !== "files" || !list.querySelector("details[open]")) return;
    event.preventDefault();
    list.missed = true;
  });
  body.addEventListener("toggle", (event) => {
    const list = event.target.closest("#files");
    if (!list?.missed || list.querySelector("details[open]")) return;
    list.missed = false;
    htmx.trigger(list, "refresh");
  }, true);
  body.addEventListener("changed", (event) => {
    const menu = event.target.closest("#files details[open]");
    if (menu) menu.open = false;
  });

  // Sending

  body.addEventListener("click", (event) => {
    const drop = event.target.closest("[data-drop-chip]");
    if (!drop) return;
    const form = composerOf(drop);
    drop.closest("li").remove();
    settle(form);
    form.elements.body.focus();
  });
  body.addEventListener("htmx:configRequest", (event) => {
    if (event.target.matches("form.composer")) event.detail.formData.delete("upload");
  });
  body.addEventListener("htmx:beforeRequest", (event) => {
    const form = event.target;
    if (!form.matches("form.composer")) return;
    form.sentFiles = [...form.querySelectorAll("[data-chips] [name=files]")].map((one) => one.closest("li"));
    if (form.waiting) {
      event.preventDefault();
      form.sendLater = true;
      tell(form, "It is sent as soon as the files are there.");
    }
  });
  body.addEventListener("changed", (event) => {
    const form = event.target;
    if (form.matches("form.composer")) {
      form.sentFiles?.forEach((chip) => chip.remove());
      settle(form);
    } else if (form.matches("form.upload")) {
      form.reset();
      form.elements.client_key.value = event.detail.client_key;
    }
  });
  body.addEventListener("htmx:xhr:progress", (event) => {
    const bar = event.target.matches?.("form.upload") && event.target.querySelector("progress");
    if (bar && event.detail.lengthComputable) bar.value = (100 * event.detail.loaded) / event.detail.total;
  });
})();
