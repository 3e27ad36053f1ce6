// Which symbol the page is about, for its title and its link to the figures.
async function start() {
  const answer = await fetch("/v1/flow/zero-dte/leaderboard");
  const board = await answer.json();
  const symbol = new URLSearchParams(location.search).get("s") ?? board.rows?.[0]?.symbol ?? "";
  document.title = `${symbol} · zerodte`;
  const heading = document.createElement("h1");
  heading.textContent = symbol;
  document.getElementById("app")?.append(heading);
  document.documentElement.dataset.ready = "1";
}
start();
