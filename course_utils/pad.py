"""A pad to draw digits on, with a mouse, a pen or a finger: the part of an explorer that runs in the page."""

from typing import Any

# Runs in the page. A pointer is a mouse, a pen or a finger. After each stroke all strokes go to Python as `value`.
_PAGE = """
export default { render({ model, el }) {
  const pad = document.createElement("canvas"), clear = document.createElement("button"), size = 224;
  pad.width = pad.height = size;
  pad.style.cssText = "border: 1px solid #888; background: #000; cursor: crosshair; touch-action: none; display: block";
  pad.setAttribute("aria-label", "Draw a digit here");
  clear.textContent = "Clear";
  clear.className = "jupyter-button widget-button";
  el.append(pad, clear);
  const ink = pad.getContext("2d");
  let strokes = [], current = null;
  const redraw = () => {
    ink.clearRect(0, 0, size, size);
    ink.strokeStyle = "#fff"; ink.lineWidth = 14; ink.lineCap = ink.lineJoin = "round";
    for (const stroke of [...strokes, ...(current ? [current] : [])]) {
      ink.beginPath();
      ink.moveTo(stroke[0][0] * size, stroke[0][1] * size);
      for (const [x, y] of stroke) ink.lineTo(x * size, y * size);
      ink.stroke();
    }
  };
  const point = (event) => {
    const box = pad.getBoundingClientRect();
    return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
  };
  const send = () => { model.set("value", strokes); model.save_changes(); };
  pad.onpointerdown = (event) => { pad.setPointerCapture(event.pointerId); current = [point(event)]; redraw(); };
  pad.onpointermove = (event) => { if (current) { current.push(point(event)); redraw(); } };
  pad.onpointerup = pad.onpointercancel = () => {
    if (current) { strokes = [...strokes, current]; current = null; redraw(); send(); }
  };
  clear.onclick = () => { strokes = []; current = null; redraw(); send(); };
  model.on("change:value", () => { strokes = model.get("value"); redraw(); });
  strokes = model.get("value");
  redraw();
} };
"""


def drawing_pad() -> Any:
    """Make a widget to draw on. Its ``value`` is the list of strokes; it changes at the end of each stroke.

    Source: https://anywidget.dev/en/getting-started/
    """
    import anywidget
    import traitlets

    class Pad(anywidget.AnyWidget):
        _esm = _PAGE
        value = traitlets.List([]).tag(sync=True)

    return Pad()
