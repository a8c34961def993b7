// Saving text as a file.

const KEPT_MS = 60_000; // long enough for a browser that asks where to put it

/** Offer a text to the browser as a file. */
export function saveAs(name, mediaType, content) {
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(new Blob([content], { type: mediaType }));
  anchor.download = name;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), KEPT_MS);
}
