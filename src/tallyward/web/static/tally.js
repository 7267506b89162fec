// What a page gains when scripts run: moments in the reader's own zone, and a word on whether it is live.
// Every page works without this file.
"use strict";

(() => {
  const TODAY = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  const EARLIER = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });

  const localTimes = () => {
    const today = new Date().toDateString();
    for (const time of document.querySelectorAll("time[datetime]")) {
      const moment = new Date(time.dateTime);
      if (Number.isNaN(moment.getTime())) continue;
      time.title = time.dateTime;
      time.textContent = (moment.toDateString() === today ? TODAY : EARLIER).format(moment);
    }
  };

  const say = (state, words) => {
    const live = document.getElementById("live");
    if (!live) return;
    live.hidden = false;
    live.dataset.state = state;
    live.querySelector("[data-live-text]").textContent = words;
  };

  // Which zone the reader's days are in: the server cuts days and writes moments by it. Told once, and then kept.
  const tellZone = () => {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (!zone || document.cookie.split("; ").includes(`tally_tz=${zone}`)) return;
    document.cookie = `tally_tz=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  };

  // The range of a page stays open only while it is used.
  document.addEventListener("click", (event) => {
    for (const open of document.querySelectorAll("details.custom[open]")) if (!open.contains(event.target)) open.open = false;
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") for (const open of document.querySelectorAll("details.custom[open]")) open.open = false;
    const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey) {
      const search = document.getElementById("q");
      if (search) {
        event.preventDefault();
        search.focus();
        search.select();
      }
    }
  });

  // All open pages ask at once when something was stored. Whoever is told to come back does, each at another moment, and
  // until then the page says that what it shows is old.
  const RETRY_MS = 1000;
  let behind = 0;
  const lookAgain = (status) => {
    say("waiting", "Server does not answer");
    if (status < 500 && status !== 429) return;
    clearTimeout(behind);
    const again = () => document.getElementById("live")?.dispatchEvent(new Event("changed"));
    behind = setTimeout(again, RETRY_MS * (1 + 2 * Math.random()));
  };
  const caughtUp = (event) => {
    if (event.detail?.ctx?.response?.status >= 400) return; // an answer that is not shown counts as a swap, too
    if (behind) say("live", "Live");
    clearTimeout(behind);
    behind = 0;
  };

  document.querySelector(".rooms [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
  tellZone();
  localTimes();
  document.addEventListener("htmx:after:swap", localTimes);
  document.addEventListener("htmx:after:swap", caughtUp);
  document.addEventListener("htmx:sse:after:connection", () => say("live", "Live"));
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) location.reload(); // the token ended: the server now answers with the way in
    else say("waiting", "Reconnecting");
  });
  document.addEventListener("htmx:response:error", (event) => lookAgain(event.detail.ctx.response.status));
})();
