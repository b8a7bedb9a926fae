"""What can be measured of how a page looks."""

from pathlib import Path

from tests.browser.chromium import Tab

WIDTHS_PX = (360, 768, 1024, 1280, 1920)

_FAINT = """
(() => {
  const canvas = Object.assign(document.createElement('canvas'), {width: 1, height: 1});
  const pen = canvas.getContext('2d', {willReadFrequently: true});
  const painted = (colours) => {
    for (const colour of colours) { pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1); }
    return [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (rgb) => rgb
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const under = (element) => {
    const colours = [];
    for (let each = element; each; each = each.parentElement) {
      colours.unshift(getComputedStyle(each).backgroundColor);
    }
    return ['white', ...colours];
  };
  const speaks = (element) => element.getClientRects().length
    && [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
  const faint = [];
  for (const element of [...document.querySelectorAll('body *')].filter(speaks)) {
    const below = under(element);
    const shades = [light(painted(below)), light(painted([...below, getComputedStyle(element).color]))].sort();
    const contrast = (Math.max(...shades) + 0.05) / (Math.min(...shades) + 0.05);
    if (contrast < 4.5) {
      faint.push(`${element.tagName}.${element.className} ${contrast.toFixed(2)}: ${element.innerText.slice(0, 40)}`);
    }
  }
  return faint;
})()
"""
"""The texts whose contrast is below 4.5 to 1 (WCAG 2.2, 1.4.3)."""

_OVERFLOWING = """
[...document.querySelectorAll('body *')]
  .filter((each) => !each.closest('.skip') && each.getClientRects().length)
  .filter((each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((each) => `${each.tagName}.${each.className}: ${each.textContent.trim().slice(0, 40)}`)
"""


async def flaws(tab: Tab, folder: Path) -> list[str]:
    """Return what does not fit, or is too faint to read, in any width, light and dark; with a picture of each."""
    found = []
    for dark in (False, True):
        for width in WIDTHS_PX:
            await tab.shape(width, 800, dark=dark)
            look = f"{width} px {'dark' if dark else 'light'}"
            found += [f"{look}, too wide: {what}" for what in await tab.run(_OVERFLOWING)]
            found += [f"{look}, too faint: {what}" for what in await tab.run(_FAINT)]
        await tab.picture(folder / f"{'dark' if dark else 'light'}.png")
    return found
