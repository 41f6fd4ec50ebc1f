// SPDX-License-Identifier: MIT
// colour: what a person would call a colour, so that it is not for the eye
// alone.

const hues = [
  [15, 'red'], [40, 'brown orange'], [50, 'ochre'], [65, 'yellow'], [80, 'olive yellow'],
  [160, 'green'], [195, 'turquoise'], [255, 'blue'], [290, 'violet'], [335, 'pink'], [361, 'red'],
];

function hueOf(r, g, b, most, span) {
  if (span === 0) return 0;
  const at = most === r ? (g - b) / span : most === g ? (b - r) / span + 2 : (r - g) / span + 4;
  return (60 * at + 360) % 360;
}

function shadeOf(light) {
  if (light < 0.2) return 'very dark ';
  if (light < 0.4) return 'dark ';
  if (light > 0.82) return 'very pale ';
  return light > 0.65 ? 'pale ' : '';
}

// {r, g, b} of 0 to 255 in words.
export function colourName({ r, g, b }) {
  const most = Math.max(r, g, b);
  const span = most - Math.min(r, g, b);
  const light = (most + Math.min(r, g, b)) / 510;
  const strength = most === 0 ? 0 : span / most;
  if (light > 0.94 && strength < 0.08) return 'white';
  if (light < 0.07) return 'black';
  if (strength < 0.08) return `${shadeOf(light)}grey`;
  const hue = hueOf(r, g, b, most, span);
  const name = hues.find(([end]) => hue < end)[1];
  const isBrown = name === 'brown orange' || name === 'ochre';
  const word = isBrown ? (light < 0.55 ? 'brown' : 'beige') : name;
  return `${shadeOf(light)}${strength < 0.25 ? 'greyish ' : ''}${word}`;
}

export const colourCss = ({ r, g, b }) => `rgb(${Math.round(r)} ${Math.round(g)} ${Math.round(b)})`;
