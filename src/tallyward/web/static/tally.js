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

  localTimes();
  document.addEventListener("htmx:after:swap", localTimes);
  document.addEventListener("htmx:sse:after:connection", () => say("live", "Live"));
  document.addEventListener("htmx:sse:error", (event) => {
    if (event.detail.status === 401) location.reload(); // the token ended: the server now answers with the way in
    else say("waiting", "Reconnecting");
  });
  document.addEventListener("htmx:response:error", () => say("waiting", "Server does not answer"));
})();
