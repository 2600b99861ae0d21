import { colour } from "./theme.js";

/** Draws values from 0 to 1 as a small curve, the newest at the right; null breaks it. */
export function sparkline(canvas, values, capacity) {
  const scale = devicePixelRatio;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (!width) return;
  if (canvas.width !== Math.round(width * scale)) {
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
  }
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  context.strokeStyle = colour("accent");
  context.lineWidth = 1.25;
  context.beginPath();
  let broken = true;
  values.forEach((value, index) => {
    const x = width - ((values.length - 1 - index) * (width - 2)) / (capacity - 1) - 1;
    if (value === null) {
      context.fillStyle = colour("warn");
      context.fillRect(x - 0.75, 1, 1.5, height - 2);
    } else if (broken) context.moveTo(x, height - 1.5 - value * (height - 3));
    else context.lineTo(x, height - 1.5 - value * (height - 3));
    broken = value === null;
  });
  context.stroke();
}
