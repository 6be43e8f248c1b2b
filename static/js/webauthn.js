/* Security keys: a form with data-webauthn="create" or "get" asks the browser's key before it is sent.
   The server's question is in the JSON element #key_options; the answer goes into the hidden field
   "credential"; what went wrong is said by the form's own [data-webauthn-says] sentences. */
(() => {
  "use strict";

  const BYTES = { create: ["challenge", "user.id"], get: ["challenge"] };
  const LISTS = { create: "excludeCredentials", get: "allowCredentials" };

  function bytes(text) {
    const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
    return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
  }

  function text(buffer) {
    const plain = String.fromCharCode(...new Uint8Array(buffer));
    return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  }

  /* The question as the browser wants it: bytes where JSON has base64url. */
  function question(kind) {
    const data = JSON.parse(document.getElementById("key_options").textContent);
    const { publicKey } = kind === "create" ? data.creation_options : data.request_options;
    for (const path of BYTES[kind]) {
      const [name, inner] = path.split(".");
      if (inner) publicKey[name][inner] = bytes(publicKey[name][inner]);
      else publicKey[name] = bytes(publicKey[name]);
    }
    const known = publicKey[LISTS[kind]] || [];
    publicKey[LISTS[kind]] = known.map((one) => ({ ...one, id: bytes(one.id) }));
    return { publicKey };
  }

  /* The answer as the server wants it: base64url where the browser has bytes. */
  function answer(credential) {
    const { response } = credential;
    const parts = ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"];
    const said = {};
    for (const part of parts) if (response[part]) said[part] = text(response[part]);
    if (response.getTransports) said.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment || null,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: said,
    };
  }

  function say(form, what) {
    for (const sentence of form.querySelectorAll("[data-webauthn-says]")) {
      sentence.hidden = sentence.dataset.webauthnSays !== what;
    }
  }

  function fault(error) {
    if (error.name === "SecurityError") return "host";
    return error.name === "InvalidStateError" ? "known" : "refused";
  }

  async function ask(form) {
    const button = form.querySelector("button[type=submit]");
    const kind = form.dataset.webauthn;
    say(form, "waiting");
    button.disabled = true;
    try {
      const credential = await navigator.credentials[kind](question(kind));
      form.elements.credential.value = JSON.stringify(answer(credential));
      form.submit();
    } catch (error) {
      say(form, fault(error));
      button.disabled = false;
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form[data-webauthn]")) {
      if (!window.isSecureContext || !window.PublicKeyCredential) {
        say(form, "unsupported");
        form.querySelector("button[type=submit]").disabled = true;
      }
      form.addEventListener("submit", (event) => {
        event.preventDefault();
        ask(form);
      });
    }
  });
})();
