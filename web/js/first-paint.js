// Runs before the page is painted, so that a chosen theme does not flash in after the system's.
document.documentElement.dataset.theme = localStorage.getItem("windhover.theme") ?? "auto";
